import * as tf from '@tensorflow/tfjs';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type Model, type TokenInput, useBackend } from '../../../runtime/src/index.js';
import {
  classifyImage,
  classifyText,
  createImageProcessor,
  embed,
  fillMask,
  type GeneratedText,
  generateText,
  loadTokenizer,
  type ModelWith,
  streamText,
  type TextModel,
  type Tokenizer,
  translate,
} from '../../../runtime/src/tasks/index.js';
import { golden, image, type Pooling, pretrained } from './pretrained.js';

type Disposable = { dispose(): void };
const open: Disposable[] = [];
const goldens = 'test/fixtures/hf-golden';

async function load<M>(folder: string, outputs?: readonly string[]): Promise<M> {
  const model = await pretrained<M & Disposable>(folder, outputs);
  open.push(model);
  return model;
}

const tokenizer = (name: string): Promise<Tokenizer> => loadTokenizer(`test/fixtures/tasks/${name}`);

const before = tf.memory().numTensors;
beforeAll(async () => void (await useBackend('wasm')));
afterEach(() => {
  for (const model of open.splice(0)) model.dispose();
  expect(tf.memory().numTensors).toBe(before);
});

describe('text generation', () => {
  const greedy = { maxNewTokens: 24, temperature: 0 };
  let llama: TextModel;
  let words: Tokenizer;
  const loadLlama = async (): Promise<void> => {
    [llama, words] = [await load<TextModel>(`${goldens}/llama_gqa`), await tokenizer('llama')];
  };

  test('gives the text of the original library, for a prompt and for a conversation', async () => {
    await loadLlama();
    for (const { prompt, text } of golden.generation) {
      const found = await generateText(llama, words, prompt, greedy);
      expect(found).toEqual({ text, reason: 'length', promptTokens: words.encode(prompt).length, newTokens: 24 });
    }
    expect((await generateText(llama, words, golden.chat.messages, greedy)).text).toBe(golden.chat.text);
  });

  test('comes in pieces of whole characters, and ends before a stop string wherever tokens end', async () => {
    await loadLlama();
    const { prompt = '', text = '' } = golden.generation[1] ?? {};
    const stop = text.slice(17, 23);
    const first = text.indexOf(stop);
    const { pieces, result } = await collected(streamText(llama, words, prompt, { ...greedy, stop: [stop, 'absent'] }));
    expect(pieces.join('')).toBe(text.slice(0, first));
    expect(pieces.length).toBeGreaterThan(2);
    expect(result).toMatchObject({ text: text.slice(0, first), reason: 'stop' });
    expect(result.newTokens).toBeLessThan(24);
  });

  test('ends with a stop token, and gives memory back when it is left', async () => {
    await loadLlama();
    const { prompt = '', text = '' } = golden.generation[0] ?? {};
    const stopTokens = [words.tokenId('or') ?? 0];
    const found = await generateText(llama, words, words.encode(prompt), { ...greedy, stopTokens });
    expect(found).toMatchObject({ text: text.slice(0, text.indexOf('or')), reason: 'stop' });
    for await (const piece of streamText(llama, words, prompt, greedy)) {
      expect(piece).toBe('x');
      break;
    }
  });
});

async function collected(
  stream: AsyncGenerator<string, GeneratedText>,
): Promise<{ pieces: string[]; result: GeneratedText }> {
  const pieces: string[] = [];
  for (;;) {
    const { done, value } = await stream.next();
    if (done) return { pieces, result: value };
    pieces.push(value);
  }
}

test('translation of several texts, and of one', async () => {
  const [model, words] = [await load<TextModel>(`${goldens}/t5_relbias`), await tokenizer('t5')];
  const { sources, texts, beams } = golden.translation;
  expect(await translate(model, words, sources, { maxNewTokens: 12 })).toEqual(texts);
  expect(await translate(model, words, sources, { maxNewTokens: 12, beams: 3 })).toEqual(beams);
  expect(await translate(model, words, [], { maxNewTokens: 12 })).toEqual([]);
  const [source = '', text] = [sources[1], texts[1]];
  expect((await generateText(model, words, source, { maxNewTokens: 12, temperature: 0 })).text).toBe(text);
  const decoder = await load<TextModel>(`${goldens}/gpt2`);
  await expect(translate(decoder, words, sources)).rejects.toMatchObject({ code: 'TFM5602' });
});

test('filling masks', async () => {
  const model = await load<ModelWith<'token_logits'>>(`${goldens}/bert`, ['token_logits']);
  const words = await tokenizer('bert');
  for (const { text, masks } of golden.fillMask) {
    const found = await fillMask(model, words, text, { topK: 4 });
    expect(found.map((fillings) => fillings.map(({ token }) => token))).toEqual(
      masks.map((fillings) => fillings.map(({ token }) => token)),
    );
    for (const [m, fillings] of found.entries()) {
      for (const [i, { text: filled, score, sequence }] of fillings.entries()) {
        const expected = masks[m]?.[i];
        expect(score).toBeCloseTo(expected?.score ?? 0, 5);
        // A special token is no text here, and the original library writes the others of several masks.
        expect(filled).toBe(expected?.token_str.replace(/^\[\w+\]$/, ''));
        if (masks.length === 1) expect(sequence).toBe(expected?.sequence);
      }
    }
  }
  await expect(fillMask(model, words, 'no mask')).rejects.toMatchObject({ code: 'TFM5303' });
  await expect(fillMask(model, await tokenizer('llama'), 'a')).rejects.toMatchObject({ code: 'TFM5601' });
});

test('classification of texts of several lengths', async () => {
  const model = await load<ModelWith<'class_logits'>>('test/fixtures/hf-families/bert_cls', ['class_logits']);
  const words = await tokenizer('bert');
  const texts = golden.classification.map(({ text }) => text);
  const found = await classifyText(model, words, texts);
  for (const [i, { classes }] of golden.classification.entries()) {
    expect(found[i]?.map(({ label }) => label)).toEqual(classes.map(({ label }) => label));
    expect(found[i]?.map(({ score }) => score)).toEqual(classes.map(({ score }) => expect.closeTo(score, 5) as number));
  }
  const [[best] = []] = await classifyText(model, words, texts.slice(0, 1), { labels: ['joy', 'fear'], topK: 1 });
  expect(best).toEqual({
    label: 'joy',
    score: expect.closeTo(golden.classification[0]!.classes[0]!.score, 5) as number,
  });
  const [several = []] = await classifyText(model, words, texts.slice(0, 1), { multiLabel: true });
  expect(several.reduce((sum, { score }) => sum + score, 0)).not.toBeCloseTo(1, 2);
});

describe('embeddings', () => {
  test.each<[Pooling]>([['mean'], ['cls'], ['last']])('%s', async (pooling) => {
    const model = await load<ModelWith<'state'>>(`${goldens}/bert`, ['state']);
    const words = await tokenizer('bert');
    const { texts, [pooling]: expected } = golden.embeddings;
    for (const normalize of [false, true]) {
      const found = await embed(model, words, texts, { pooling, normalize });
      const wrong = (normalize ? expected.unit : expected.raw).flatMap((vector, i) =>
        vector.filter((x, j) => Math.abs(x - (found[i]?.[j] ?? Number.NaN)) > 1e-5),
      );
      expect(found[0]?.length).toBe(32);
      expect(wrong).toEqual([]);
    }
  });

  test('of a decoder: padding behind a text changes nothing', async () => {
    const [model, words] = [await load<ModelWith<'state'>>(`${goldens}/llama_gqa`), await tokenizer('llama')];
    const together = await embed(model, words, ['a', 'what is love'], { pooling: 'last' });
    const [alone = new Float32Array()] = await embed(model, words, ['a'], { pooling: 'last' });
    expect([...(together[0] ?? [])]).toEqual([...alone].map((x) => expect.closeTo(x, 5) as number));
  });
});

test('classification of an image', async () => {
  const model = await load<ModelWith<'logits'>>(`${goldens}/vit`, ['logits']);
  const { config = {} } = golden.processed.find(({ name }) => name === 'vit') ?? {};
  const found = await classifyImage(model, createImageProcessor(config), image, { topK: 3 });
  expect(found).toEqual(
    golden.imageClassification.map(({ label, score }) => ({ label, score: expect.closeTo(score, 5) as number })),
  );
});

describe('a model that a task does not fit', () => {
  test('is an error that says what is missing', async () => {
    const decoder = await load<ModelWith<'logits'>>(`${goldens}/gpt2`);
    const words = await tokenizer('llama');
    const refused = (message: RegExp) => ({ code: 'TFM5602', message: expect.stringMatching(message) as string });
    await expect(classifyText(decoder, words, ['a'])).rejects.toMatchObject(
      refused(/^'logits' of Gpt2 does not score/),
    );
    const output = 'logit' as never;
    await expect(classifyText(decoder, words, ['a'], { output })).rejects.toMatchObject(refused(/no output 'logit'/));
    const processor = createImageProcessor(golden.processed[0]!.config);
    await expect(classifyImage(decoder, processor, image)).rejects.toMatchObject(
      refused(/reads tokens, not one image$/),
    );
  });

  test('is refused by the type checker where its outputs tell', () => {
    type Decoder = Model<object, object, { tokens: TokenInput }, { state: tf.Tensor; logits: tf.Tensor }>;
    type Encoder = Model<object, object, { tokens: TokenInput }, { state: tf.Tensor; token_logits: tf.Tensor }>;
    const uses = [
      (encoder: Encoder, words: Tokenizer) => fillMask(encoder, words, ''),
      (encoder: Encoder, words: Tokenizer) => embed(encoder, words, [''], { output: 'state' }),
      // @ts-expect-error: it has no token_logits
      (decoder: Decoder, words: Tokenizer) => fillMask(decoder, words, ''),
      // @ts-expect-error: it has neither class_logits nor logits
      (encoder: Encoder, words: Tokenizer) => classifyText(encoder, words, ['']),
      // @ts-expect-error: it has no output 'pooled'
      (encoder: Encoder, words: Tokenizer) => embed(encoder, words, [''], { output: 'pooled' }),
      // @ts-expect-error: it does not generate
      (encoder: Encoder, words: Tokenizer) => generateText(encoder, words, ''),
    ];
    expect(uses.length).toBe(6);
  });
});
