import * as tf from '@tensorflow/tfjs';
import type { Finished, GenerateOptions, GenerativeModel, Tensor } from '@tfm-lang/runtime';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { gpt2 } from '../../compiler/emit/fixtures/gpt2.js';
import { translator } from '../../compiler/emit/fixtures/translator.js';
import { generated } from '../../compiler/emit/generated.js';

type Instance = GenerativeModel<object, object, Record<string, unknown>, { readonly logits: Tensor }>;
interface ModelClass {
  init(options?: { config?: object; seed?: number }): Instance;
}

let Gpt2: ModelClass;
let Translator: ModelClass;
let before: number;
const small = { vocab: 11, context: 256, width: 8, depth: 2, heads: 2 };

beforeAll(async () => {
  await tf.setBackend('cpu');
  ({ Gpt2 } = await generated<{ Gpt2: ModelClass }>(gpt2));
  ({ Translator } = await generated<{ Translator: ModelClass }>(translator));
});

beforeEach(() => {
  before = tf.memory().numTensors;
});

afterEach(() => {
  expect(tf.memory().numTensors).toBe(before);
});

async function taken(tensor: Tensor): Promise<number[]> {
  const values = [...(await tensor.data())];
  tensor.dispose();
  return values;
}

const differences = (a: readonly number[], b: readonly number[]): number =>
  Math.max(...a.map((value, i) => Math.abs(value - (b[i] ?? Number.NaN))));

async function collect(model: Instance, inputs: Record<string, unknown>, options: GenerateOptions) {
  const tokens: number[] = [];
  const generation = model.generate(inputs, options);
  for (;;) {
    const { value, done } = await generation.next();
    if (done) return { tokens, finished: value as Finished };
    tokens.push(value as number);
  }
}

describe('prefill and step are forward, row by row', () => {
  test('GPT-2', async () => {
    const model = Gpt2.init({ config: small, seed: 3 });
    const tokens = [1, 5, 2, 7, 7, 0];
    const whole = await taken(model.forward({ tokens }).logits);
    const { logits, state } = model.prefill({ tokens: tokens.slice(0, 3) });
    const rows = [await taken(logits)];
    for (const token of tokens.slice(3)) rows.push(await taken(model.step(token, state)));
    rows.forEach((row, i) => {
      expect(differences(row, whole.slice((i + 2) * 11, (i + 3) * 11))).toBeLessThan(1e-5);
    });
    state.dispose();
    model.dispose();
  });

  test('an encoder and decoder, a batch with padding in the source', async () => {
    const model = Translator.init({ seed: 5 });
    const source = {
      values: [
        [4, 5, 6],
        [7, 8, 0],
      ],
      lengths: [3, 2],
    };
    const target = [
      [1, 9, 4, 4],
      [1, 3, 3, 8],
    ];
    const { logits: whole } = model.forward({ source, target }, { outputs: ['logits'] });
    const expected = await taken(whole);
    const { logits, state } = model.prefill({ source, target: target.map((row) => row.slice(0, 2)) });
    const rows = [await taken(logits)];
    for (const at of [2, 3])
      rows.push(
        await taken(
          model.step(
            target.map((row) => row[at] ?? 0),
            state,
          ),
        ),
      );
    rows.forEach((row, i) => {
      for (const b of [0, 1]) {
        const begin = (b * 4 + i + 1) * 100;
        expect(differences(row.slice(b * 100, b * 100 + 100), expected.slice(begin, begin + 100))).toBeLessThan(1e-5);
      }
    });
    state.dispose();
    model.dispose();
  });

  test('padding in the source changes nothing', async () => {
    const model = Translator.init({ seed: 5 });
    const target = [[1, 9, 4]];
    const bare = await taken(model.forward({ source: [[7, 8]], target }, { outputs: ['logits'] }).logits);
    const source = { values: [[7, 8, 0, 0]], present: [[true, true, false, false]] };
    const padded = await taken(model.forward({ source, target }, { outputs: ['logits'] }).logits);
    expect(differences(bare, padded)).toBeLessThan(1e-6);
    model.dispose();
  });
});

describe('outputs on demand', () => {
  test('an input that only other outputs need may be missing', async () => {
    const model = Translator.init();
    const outputs = ['sentiment'] as unknown as 'logits'[];
    const { sentiment } = model.forward({ source: [[3, 4]] }, { outputs }) as unknown as { sentiment: Tensor };
    expect(sentiment.shape).toEqual([1, 3]);
    sentiment.dispose();
    expect(() => model.forward({ source: [[3, 4]] })).toThrow(expect.objectContaining({ code: 'TFM5304' }));
    model.dispose();
  });
});

describe('generate', () => {
  test('200 tokens leave nothing behind', async () => {
    const model = Gpt2.init({ config: small });
    const { tokens, finished } = await collect(model, { tokens: [1, 2, 3] }, { maxNewTokens: 200, temperature: 0 });
    expect(tokens).toHaveLength(200);
    expect(finished).toEqual({ reason: 'length', promptTokens: 3, newTokens: 200 });
    model.dispose();
  });

  test('temperature 0 takes the likeliest token of forward', async () => {
    const model = Gpt2.init({ config: small, seed: 9 });
    const { tokens } = await collect(model, { tokens: [4, 2] }, { maxNewTokens: 5, temperature: 0 });
    const sequence = [4, 2];
    for (const token of tokens) {
      const logits = await taken(model.forward({ tokens: sequence }).logits);
      const last = logits.slice(-11);
      expect(token).toBe(last.indexOf(Math.max(...last)));
      sequence.push(token);
    }
    model.dispose();
  });

  test('the seed decides what is sampled', async () => {
    const model = Gpt2.init({ config: small });
    const run = async (seed: number) => (await collect(model, { tokens: [1] }, { maxNewTokens: 20, seed })).tokens;
    expect(await run(1)).toEqual(await run(1));
    expect(await run(1)).not.toEqual(await run(2));
    model.dispose();
  });

  test('the context ends it: as many rows as fit, and the token that the last one scores', async () => {
    const model = Gpt2.init({ config: { ...small, context: 8 } });
    const { tokens, finished } = await collect(model, { tokens: [1, 2, 3] }, { temperature: 0 });
    expect(tokens).toHaveLength(6);
    expect(finished.reason).toBe('context');
    expect(() => model.prefill({ tokens: new Array(9).fill(1) })).toThrow(/T = 9 is more than context = 8/);
    const { logits, state } = model.prefill({ tokens: new Array(8).fill(1) });
    logits.dispose();
    expect(() => model.step(1, state)).toThrow(expect.objectContaining({ code: 'TFM5308' }));
    state.dispose();
    expect(() => model.step(1, state)).toThrow(expect.objectContaining({ code: 'TFM5305' }));
    model.dispose();
  });

  test('a stop token ends it and is not yielded', async () => {
    const model = Gpt2.init({ config: small, seed: 9 });
    const free = await collect(model, { tokens: [4] }, { maxNewTokens: 12, seed: 1 });
    const stop = free.tokens[5] ?? 0;
    const until = free.tokens.indexOf(stop);
    const { tokens, finished } = await collect(
      model,
      { tokens: [4] },
      { maxNewTokens: 12, seed: 1, stopTokens: [stop] },
    );
    expect(tokens).toEqual(free.tokens.slice(0, until));
    expect(finished).toEqual({ reason: 'stop', promptTokens: 1, newTokens: until });
    model.dispose();
  });

  test('an empty prompt begins with start', async () => {
    const model = Translator.init({ seed: 2 });
    const options = { maxNewTokens: 6, temperature: 0, stopTokens: [] };
    const empty = await collect(model, { source: [[4, 5]] }, options);
    const begun = await collect(model, { source: [[4, 5]], target: [1] }, options);
    expect(empty.tokens).toEqual(begun.tokens);
    const list = await collect(model, { source: [[4, 5]], target: [] }, options);
    expect(list.tokens).toEqual(begun.tokens);
    model.dispose();
  });

  test('leaving the loop, an error in it and an abort give all memory back', async () => {
    const model = Gpt2.init({ config: small });
    const inside = tf.memory().numTensors;
    for await (const _ of model.generate({ tokens: [1] })) break;
    expect(tf.memory().numTensors).toBe(inside);
    const fail = async () => {
      for await (const _ of model.generate({ tokens: [1] })) throw new Error('mine');
    };
    await expect(fail()).rejects.toThrow('mine');
    expect(tf.memory().numTensors).toBe(inside);
    const controller = new AbortController();
    const abort = async () => {
      for await (const _ of model.generate({ tokens: [1] }, { signal: controller.signal })) controller.abort();
    };
    await expect(abort()).rejects.toMatchObject({ name: 'AbortError' });
    expect(tf.memory().numTensors).toBe(inside);
    model.dispose();
  });

  test('progress counts the tokens', async () => {
    const model = Gpt2.init({ config: small });
    const seen: number[] = [];
    await collect(model, { tokens: [1, 2] }, { maxNewTokens: 3, onProgress: ({ newTokens }) => seen.push(newTokens) });
    expect(seen).toEqual([1, 2, 3]);
    model.dispose();
  });

  test.each([
    [{ temperature: -1 }, 'temperature is -1'],
    [{ topK: 0 }, 'topK is 0'],
    [{ topP: 0 }, 'topP is 0'],
    [{ maxNewTokens: 1.5 }, 'maxNewTokens is 1.5'],
  ])('%j is refused', async (options, message) => {
    const model = Gpt2.init({ config: small });
    await expect(model.generate({ tokens: [1] }, options).next()).rejects.toMatchObject({ code: 'TFM5307', message });
    model.dispose();
  });

  test('a batch is refused', async () => {
    const model = Gpt2.init({ config: small });
    await expect(model.generate({ tokens: [[1], [2]] }).next()).rejects.toMatchObject({ code: 'TFM5303' });
    model.dispose();
  });
});
