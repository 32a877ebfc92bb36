import fs from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, describe, expect, test } from 'vitest';
import {
  applyChatTemplate,
  createTokenizer,
  labelsOf,
  loadTokenizer,
  type ModelFiles,
  readModelFiles,
  stopTokensOf,
} from '../../../runtime/src/tasks/index.js';
import { folderWith } from '../../compiler/cli/tool.js';
import { readJson } from '../../support/golden.js';
import { golden } from './pretrained.js';

const fixtures = 'test/fixtures/tasks';
const files = (name: string): Promise<ModelFiles> => readModelFiles(`${fixtures}/${name}`);

/** The tokenizer.json of GPT-2, from its vocabulary and merges as OpenAI published them. */
function gpt2(): ModelFiles {
  const merges = fs.readFileSync(`${fixtures}/gpt2/merges.txt`, 'utf8').split('\n').slice(1, -1);
  const byteLevel = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true };
  const tokenizer = {
    ...{ added_tokens: [], normalizer: null, pre_tokenizer: byteLevel, post_processor: null, decoder: byteLevel },
    model: { type: 'BPE', vocab: readJson(`${fixtures}/gpt2/vocab.json`), merges },
  };
  return { tokenizer };
}

describe('encodings of the original library', () => {
  test('GPT-2', async () => {
    const tokenizer = await createTokenizer(gpt2());
    const cases = readJson<{ text: string; ids: number[] }[]>(`${fixtures}/gpt2/golden_encodings.json`);
    expect(cases.length).toBe(4);
    for (const { text, ids } of cases) {
      expect(tokenizer.encode(text)).toEqual(ids);
      expect(tokenizer.decode(ids)).toBe(text);
    }
  });

  test.each(Object.entries(golden.encodings))('%s', async (name, cases) => {
    const tokenizer = await loadTokenizer(`${fixtures}/${name}`);
    for (const { text, ids, decoded } of cases) {
      expect(tokenizer.encode(text)).toEqual(ids);
      expect(tokenizer.decode(ids)).toBe(decoded);
    }
  });
});

describe('what a folder says beside the tokenizer', () => {
  test('special tokens, and tokens that end a text', async () => {
    const { specialTokens, stopTokens, tokenId } = await loadTokenizer(`${fixtures}/llama`);
    expect(specialTokens).toEqual({ bos: '<s>', eos: '</s>', pad: '<pad>' });
    expect([tokenId('<|user|>'), tokenId('nowhere')]).toEqual([4, undefined]);
    expect(stopTokens).toEqual([2]);
    const several = {
      ...(await files('llama')),
      config: { eos_token_id: 7 },
      generationConfig: { eos_token_id: [5, 2] },
    };
    expect((await createTokenizer(several)).stopTokens).toEqual([5, 2]);
    expect(stopTokensOf({ config: { eos_token_id: 7 } })).toEqual([7]);
    const map = { specialTokensMap: { cls_token: { content: '[CLS]' } } };
    const { tokenizer } = await files('bert');
    const withMap = await createTokenizer({ ...map, ...(tokenizer && { tokenizer }) });
    expect(withMap.specialTokens).toEqual({ cls: '[CLS]', mask: '[MASK]' });
  });

  test('beside a file of weights, and among files that a person chose', async () => {
    expect((await readModelFiles(`${fixtures}/llama/model.safetensors`)).chatTemplate).toContain('messages');
    const chosen = ['tokenizer.json', 'chat_template.jinja'].map(
      (name) => new File([fs.readFileSync(`${fixtures}/llama/${name}`)], name),
    );
    expect(Object.keys(await readModelFiles(chosen))).toEqual(['tokenizer', 'chatTemplate']);
    expect(await readModelFiles(new Uint8Array(8))).toEqual({});
  });

  test('the names of classes', () => {
    expect(labelsOf({ config: { id2label: { 1: 'good', 0: 'bad' } } })).toEqual(['bad', 'good']);
    expect(labelsOf({ config: {} })).toBeUndefined();
  });
});

describe('chat templates', () => {
  test('a conversation is written as the original library writes it', async () => {
    const tokenizer = await loadTokenizer(`${fixtures}/llama`);
    expect(await applyChatTemplate(tokenizer, golden.chat.messages)).toBe(golden.chat.rendered);
    const listed = await createTokenizer({
      ...gpt2(),
      tokenizerConfig: {
        chat_template: [
          { name: 'tool_use', template: 'x' },
          { name: 'default', template: 'y' },
        ],
      },
    });
    expect(await applyChatTemplate(listed, [])).toBe('y');
  });

  test('one that refuses says why; none is an error', async () => {
    const odd = applyChatTemplate(await loadTokenizer(`${fixtures}/llama`), [{ role: 'judge', content: '' }]);
    await expect(odd).rejects.toMatchObject({ code: 'TFM5603', message: 'the chat template refuses: no role judge' });
    await expect(applyChatTemplate(await createTokenizer(gpt2()), [])).rejects.toMatchObject({ code: 'TFM5603' });
  });
});

describe('files that cannot serve', () => {
  test.each<[string, Record<string, string>, RegExp]>([
    ['none', {}, /^there is no tokenizer\.json in /],
    ['no JSON', { 'tokenizer.json': '{' }, /^tokenizer\.json is no JSON: /],
    ['no object', { 'tokenizer.json': '[]' }, /^tokenizer\.json is no JSON object$/],
    ['no tokenizer', { 'tokenizer.json': '{"model": {}}' }, /^tokenizer\.json is no tokenizer: /],
  ])('%s', async (_, written, message) => {
    const failed = loadTokenizer(folderWith(written));
    await expect(failed).rejects.toMatchObject({ code: 'TFM5601', message: expect.stringMatching(message) as string });
  });

  test('a text that the vocabulary cannot write', async () => {
    const model = { type: 'WordPiece', vocab: { a: 0 }, unk_token: '[UNK]', continuing_subword_prefix: '##' };
    const parts = { added_tokens: [], normalizer: null, pre_tokenizer: null, post_processor: null, decoder: null };
    const tokenizer = await createTokenizer({ tokenizer: { ...parts, model } });
    expect(tokenizer.encode('a')).toEqual([0]);
    expect(() => tokenizer.encode('b')).toThrow(expect.objectContaining({ code: 'TFM5601' }));
  });
});

describe('from a server', () => {
  const server = http.createServer(({ url = '' }, response) => {
    if (url.startsWith('/broken/')) response.writeHead(403).end();
    else if (fs.existsSync(`${fixtures}${url}`)) response.end(fs.readFileSync(`${fixtures}${url}`));
    else response.writeHead(404).end();
  });
  afterAll(() => server.close());

  test('a file that is not there is left out, a failure is not', async () => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const tokenizer = await loadTokenizer(`${origin}/llama`);
    expect(await applyChatTemplate(tokenizer, golden.chat.messages)).toBe(golden.chat.rendered);
    expect((await loadTokenizer(`${origin}/llama/model.safetensors`)).stopTokens).toEqual([2]);
    await expect(loadTokenizer(new URL(`${origin}/broken/`))).rejects.toMatchObject({ code: 'TFM5601' });
  });
});
