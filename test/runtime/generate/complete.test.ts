import * as tf from '@tensorflow/tfjs';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type BatchOptions, useBackend } from '../../../runtime/src/index.js';
import { batchOf } from '../../support/batch.js';
import { output, perturbed, type SpecModel, taken, tokensOf } from '../../support/specs.js';

const VOCAB = 13;
let before: number;
beforeAll(async () => void (await useBackend('wasm')));
beforeEach(() => {
  before = tf.memory().numTensors;
});
afterEach(() => {
  expect(tf.memory().numTensors).toBe(before);
});

const gpt2 = (seed = 1): Promise<SpecModel> =>
  perturbed('specs/models/gpt2.tfm', 'Gpt2', { vocab: VOCAB, context: 160, width: 8, depth: 2, heads: 2 }, seed);

/** log p of each token behind the first, by one full pass in float64. */
async function reference(model: SpecModel, inputs: Readonly<Record<string, unknown>>, tokens: readonly number[]) {
  const logits = await output(model, inputs);
  return tokens.slice(1).map((token, i) => {
    const row = [...logits.subarray(i * VOCAB, (i + 1) * VOCAB)];
    const total = Math.log(row.reduce((sum, logit) => sum + Math.exp(logit), 0));
    return row[token]! - total;
  });
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

describe('scoring', () => {
  test('log-probabilities and perplexity are those of a full pass, for sequences of different lengths', async () => {
    const model = await gpt2();
    const long = Array.from({ length: 140 }, (_, i) => (i * i + 3) % VOCAB);
    const texts = [[1, 5, 2, 7], long, [4, 4]];
    const { logProbabilities, perplexity } = await model.score({ tokens: texts });
    expect(logProbabilities.map((each) => each.length)).toEqual([3, 139, 1]);
    const expected = [];
    for (const tokens of texts) expected.push(await reference(model, { tokens: [tokens] }, tokens));
    expected.forEach((each, b) => {
      each.forEach((value, i) => void expect(logProbabilities[b]![i]).toBeCloseTo(value, 4));
    });
    const all = expected.flat();
    expect(perplexity).toBeCloseTo(Math.exp(-sum(all) / all.length), 3);
    model.dispose();
  });

  test('tokens that are only read', async () => {
    const model = await gpt2();
    const tokens = [
      [1, 5, 2, 7],
      [3, 3, 9, 9],
    ];
    const { logProbabilities: all } = await model.score({ tokens });
    expect((await model.score({ tokens }, { from: 2 })).logProbabilities).toEqual(all.map((row) => row.slice(1)));
    const { logProbabilities: each } = await model.score({ tokens }, { from: [3, 0] });
    expect(each).toEqual([all[0]!.slice(2), all[1]]);
    await expect(model.score({ tokens }, { from: 4 })).rejects.toMatchObject({ code: 'TFM5303' });
    await expect(model.score({ tokens: [[1]] })).rejects.toThrow('has 1 tokens, none of them to score');
    await expect(model.score({ tokens }, { from: [1] })).rejects.toThrow('from has 1 numbers for 2 sequences');
    model.dispose();
  });

  test('an encoder and decoder, and an image behind a text: its first token is scored too', async () => {
    const config = { vocab: VOCAB, context: 24, width: 8, depth: 1, heads: 2, hidden: 12 };
    const translator = await perturbed('specs/models/transformer.tfm', 'Transformer', config);
    const given = { source: [[4, 5, 6]], target: [[1, 9, 4, 4]] };
    const { logProbabilities } = await translator.score(given);
    const expected = await reference(translator, given, [1, 9, 4, 4]);
    expected.forEach((value, i) => void expect(logProbabilities[0]![i]).toBeCloseTo(value, 4));
    translator.dispose();
    const sizes = { text_vocab: 9, image_vocab: VOCAB, text_length: 4, grid: 3, width: 8, depth: 4, heads: 2, near: 3 };
    const dalle = await perturbed('specs/models/dalle.tfm', 'Dalle', sizes);
    const drawn = { text: [[3, 1, 8, 2]], image: [[5, 0, 12, 7]] };
    const found = (await dalle.score(drawn)).logProbabilities[0]!;
    const whole = await reference(dalle, drawn, [0, 5, 0, 12, 7]);
    expect(found).toHaveLength(4);
    found.forEach((value, i) => void expect(value).toBeCloseTo(whole[i]!, 4));
    dalle.dispose();
  });
});

describe('complete', () => {
  test('gives what generateBatch gives, with the log-probabilities of score', async () => {
    const model = await gpt2();
    const prompts = [[1, 2], [3]];
    const options: BatchOptions = { samples: 3, seed: [4, 9], maxNewTokens: 6, topK: 8, stopTokens: [] };
    const found = await model.complete({ tokens: prompts }, options);
    expect(found.map((each) => each.length)).toEqual([3, 3]);
    const { rows, finished } = await batchOf(model.generateBatch({ tokens: prompts }, options));
    expect(found.flat().map(({ tokens }) => tokens)).toEqual(rows);
    expect(found.flat().map(({ reason, promptTokens, newTokens }) => ({ reason, promptTokens, newTokens }))).toEqual(
      finished,
    );
    for (const [b, prompt] of prompts.entries()) {
      for (const { tokens, logProbability, score } of found[b]!) {
        const scored = await model.score({ tokens: [[...prompt, ...tokens]] }, { from: prompt.length });
        expect(logProbability).toBeCloseTo(sum(scored.logProbabilities[0]!), 3);
        expect(score).toBe(logProbability);
      }
    }
    model.dispose();
  });

  test('the first sample is the one of generate, the others draw on their own', async () => {
    const model = await gpt2();
    const options = { seed: 7, maxNewTokens: 12, stopTokens: [] };
    const [samples] = await model.complete({ tokens: [[1, 2]] }, { ...options, samples: 4 });
    expect(samples![0]!.tokens).toEqual(await tokensOf(model.generate({ tokens: [1, 2] }, options)));
    expect(new Set(samples!.map(({ tokens }) => tokens.join())).size).toBe(4);
    model.dispose();
  });

  test('samples of an encoder–decoder with sources of different lengths', async () => {
    const config = { vocab: VOCAB, context: 24, width: 8, depth: 1, heads: 2, hidden: 12 };
    const model = await perturbed('specs/models/transformer.tfm', 'Transformer', config);
    const source = {
      values: [
        [4, 5, 6],
        [7, 8, 0],
      ],
      lengths: [3, 2],
    };
    const options = { samples: 2, seed: 3, maxNewTokens: 5, stopTokens: [] };
    const found = await model.complete({ source, target: [[1], [1]] }, options);
    const [second] = await model.complete({ source: [[7, 8]], target: [[1]] }, options);
    expect(found[1]!.map(({ tokens }) => tokens)).toEqual(second!.map(({ tokens }) => tokens));
    model.dispose();
  });

  test.each(['cpu', 'wasm'] as const)('%s: one seed gives one text', async (backend) => {
    await useBackend(backend);
    const model = await gpt2(4);
    const options = { seed: 11, maxNewTokens: 40, temperature: 1.2, topP: 0.95, stopTokens: [] };
    const tokens = await tokensOf(model.generate({ tokens: [1, 2] }, options));
    expect(tokens).toMatchInlineSnapshot(`
      [
        10,
        3,
        6,
        3,
        7,
        12,
        12,
        1,
        0,
        7,
        8,
        8,
        5,
        0,
        7,
        2,
        2,
        1,
        11,
        7,
        2,
        1,
        1,
        0,
        5,
        11,
        7,
        4,
        12,
        12,
        12,
        5,
        5,
        8,
        3,
        8,
        9,
        12,
        7,
        2,
      ]
    `);
    model.dispose();
    await useBackend('wasm');
  });

  test('onToken gets every token with its sequence, stopWhen ends one', async () => {
    const model = await gpt2();
    const seen: number[][] = [[], []];
    const options: BatchOptions = {
      ...{ maxNewTokens: 9, stopTokens: [], temperature: 0 },
      onToken: (token, sequence) => void seen[sequence]!.push(token),
      stopWhen: ({ tokens, promptTokens, sequence }) => sequence === 1 && tokens.length - promptTokens === 4,
    };
    const found = (await model.complete({ tokens: [[1, 2], [3]] }, options)).flat();
    expect(found.map(({ tokens }) => tokens)).toEqual(seen);
    expect(found.map(({ reason, newTokens }) => [reason, newTokens])).toEqual([
      ['length', 9],
      ['stop', 4],
    ]);
    model.dispose();
  });

  test('one of some choices, drawn by its probability; by beams the likeliest', async () => {
    const model = await gpt2();
    const choices = [[4, 4], [4, 5, 6], [9], [9, 1]];
    const options = { choices, stopTokens: [2], maxNewTokens: 8 };
    const texts = new Set<string>();
    const [many] = await model.complete({ tokens: [[1, 2]] }, { ...options, samples: 40 });
    for (const { tokens, reason } of many!) {
      texts.add(tokens.join());
      expect(reason).toBe('stop');
    }
    expect([...texts].every((text) => choices.some((choice) => choice.join() === text))).toBe(true);
    expect(texts.size).toBeGreaterThan(2);
    const [beams] = await model.complete({ tokens: [[1, 2]] }, { ...options, beams: 4, lengthPenalty: 0 });
    const scores = [];
    for (const choice of choices) {
      const ended = choice.length === 1 ? [...choice, 2] : choice;
      const { logProbabilities } = await model.score({ tokens: [[1, 2, ...ended]] }, { from: 2 });
      scores.push(sum(logProbabilities[0]!));
    }
    expect(choices[scores.indexOf(Math.max(...scores))]).toEqual(beams![0]!.tokens);
    model.dispose();
  });

  test('a prompt that is a tensor, with a penalty that must know its tokens', async () => {
    const model = await gpt2();
    const options = { temperature: 0, maxNewTokens: 8, noRepeatNgramSize: 1, stopTokens: [] };
    const expected = await tokensOf(model.generate({ tokens: [1, 2, 5] }, options));
    const tokens = tf.tensor2d([[1, 2, 5]], undefined, 'int32');
    expect(await tokensOf(model.generate({ tokens }, options))).toEqual(expected);
    tokens.dispose();
    expect(new Set([1, 2, 5, ...expected]).size).toBe(11);
    const plain = await tokensOf(model.generate({ tokens: [1, 2, 5] }, { ...options, noRepeatNgramSize: 0 }));
    expect(plain).not.toEqual(expected);
    model.dispose();
  });

  test('no token left is an error, not a text', async () => {
    const model = await gpt2();
    const generation = model.generate({ tokens: [1] }, { logitsProcessors: [(logits) => void logits.fill(-Infinity)] });
    await expect(generation.next()).rejects.toMatchObject({
      code: 'TFM5307',
      message: 'the options forbid every token',
    });
    model.dispose();
  });
});

test('150 steps: memory is the same at each', async () => {
  const model = await gpt2();
  const { logits, state } = model.prefill(
    {
      tokens: [
        [1, 2],
        [3, 0],
      ],
    },
    { capacity: 160 },
  );
  await taken(logits);
  const memory = new Set<string>();
  for (let i = 0; i < 150; i++) {
    model.step([i % VOCAB, 3], state).dispose();
    memory.add(`${tf.memory().numTensors} ${tf.memory().numBytes}`);
  }
  expect(memory.size).toBe(1);
  state.dispose();
  model.dispose();
});
