import fs from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { useBackend } from '../../../runtime/src/index.js';
import { generateText, loadTokenizer, type TextModel } from '../../../runtime/src/tasks/index.js';
import { golden, pretrained } from '../../runtime/tasks/pretrained.js';
import { readJson } from '../../support/golden.js';
import { folderWith, type RunSettings, tfm } from './tool.js';

const llama = path.resolve('test/fixtures/hf-golden/llama_gqa');
const tokenizer = path.resolve('test/fixtures/tasks/llama');
/** A folder as it comes from the hub, and the spec that `tfm import` makes of it. */
let cwd: string;

beforeAll(async () => {
  cwd = folderWith({});
  fs.mkdirSync(`${cwd}/hub`);
  for (const name of ['config.json', 'model.safetensors']) fs.copyFileSync(`${llama}/${name}`, `${cwd}/hub/${name}`);
  for (const name of fs.readdirSync(tokenizer)) fs.copyFileSync(`${tokenizer}/${name}`, `${cwd}/hub/${name}`);
  expect(await tfm(['import', 'hub', '-o', 'm.tfm'], { cwd })).toMatchObject({ exitCode: 0, stderr: '' });
});

const run = (argv: readonly string[], settings: RunSettings = {}) =>
  tfm(['run', 'm.tfm', '--weights', 'hub', '--temperature', '0', '-n', '24', ...argv], { cwd, ...settings });

describe('a prompt', () => {
  const { prompt = '', text = '' } = golden.generation[1] ?? {};

  test('is all that is needed: the tokenizer stands beside the weights', async () => {
    const written: string[] = [];
    const result = await run(['--prompt', prompt], { onStdout: (part) => written.push(part) });
    expect(result).toMatchObject({ exitCode: 0, stdout: prompt + text });
    expect(written.length).toBeGreaterThan(15);
    const { stdout } = await run(['--prompt', prompt, '--tokenizer', path.join(tokenizer, 'tokenizer.json')]);
    expect(stdout).toBe(prompt + text);
  });

  test('ends before a stop string, whatever the tokens are', async () => {
    const stop = text.slice(8, 13);
    const { stdout } = await run(['--prompt', prompt, '--stop', stop, '--stop', 'absent']);
    expect(stdout).toBe(prompt + text.slice(0, text.indexOf(stop)));
  });

  test('ends with the tokens of generation_config.json', async () => {
    const { tokenId, encode } = await loadTokenizer(tokenizer);
    const or = String(tokenId('or'));
    const tokens = ['--prompt-tokens', encode(prompt).join(',')];
    const { stdout: all } = await run(tokens);
    fs.writeFileSync(`${cwd}/hub/generation_config.json`, JSON.stringify({ eos_token_id: [95, Number(or)] }));
    try {
      const { stdout } = await run(['--prompt', prompt]);
      expect(stdout).toBe(prompt + text.slice(0, text.indexOf('or')));
      const ids = all.split(',');
      const end = ids.indexOf(or, encode(prompt).length);
      expect(end).toBeGreaterThan(0);
      expect((await run(tokens)).stdout).toBe(ids.slice(0, end).join(','));
    } finally {
      fs.rmSync(`${cwd}/hub/generation_config.json`);
    }
  });

  test('needs files that can be read', async () => {
    fs.writeFileSync(`${cwd}/words.json`, '[');
    const { exitCode, stderr } = await run(['--prompt', prompt, '--tokenizer', 'words.json']);
    expect({ exitCode, stderr }).toMatchObject({
      exitCode: 1,
      stderr: expect.stringMatching(/^error: words\.json is no tokenizer/) as string,
    });
  });
});

describe('a conversation', () => {
  const { messages, text } = golden.chat;
  const argv = ['--chat', '--system', messages[0]!.content];

  test('of one turn: the answer of the original library', async () => {
    const { exitCode, stdout, stderr } = await run([...argv, '--prompt', messages[1]!.content]);
    expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: `${text}\n` });
    expect(stderr).toMatch(/^\d+ prompt tokens, first token after \d+ ms; 24 tokens, /m);
  });

  test('of several: each line is a turn, and the model reads what was said before', async () => {
    const { stdout } = await run(argv, { stdin: `${messages[1]!.content}\n\nthe king\n` });
    await useBackend('wasm');
    const model = await pretrained<TextModel & { dispose(): void }>(llama);
    const said = [...messages, { role: 'assistant', content: text }, { role: 'user', content: 'the king' }];
    const options = { maxNewTokens: 24, temperature: 0 };
    const { text: second } = await generateText(model, await loadTokenizer(tokenizer), said, options);
    model.dispose();
    expect(stdout).toBe(`${text}\n${second}\n`);
  });

  test('needs a chat template', async () => {
    const argv = [
      'run',
      path.resolve('specs/models/llama.tfm#Stories260K'),
      '--weights',
      path.resolve('examples/stories260K'),
    ];
    const { exitCode, stdout, stderr } = await tfm([...argv, '--chat', '--prompt', 'Hello'], { cwd });
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
    expect(stderr).toMatch(/^error\[TFM5603\]: the tokenizer has no chat template\nhelp: /m);
  });
});

test('stories260K by its tokenizer.json and config.json alone tells the story of the reference', async () => {
  const folder = path.resolve('examples/stories260K');
  const { runs } = readJson<{ runs: { prompt: string; text: string; inputTokens: number[] }[] }>(
    `${folder}/golden.json`,
  );
  expect(await tfm(['import', folder, '-o', 'stories.tfm'], { cwd })).toMatchObject({ exitCode: 0 });
  const { prompt, text } = runs[1]!;
  const { stdout } = await tfm(
    ['run', 'stories.tfm', '--weights', folder, '--temperature', '0', '-n', '200', '--prompt', prompt],
    { cwd },
  );
  expect(stdout.length).toBeGreaterThan(400);
  expect(text.startsWith(stdout)).toBe(true);
});
