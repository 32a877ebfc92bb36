import * as tf from '@tensorflow/tfjs';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type BatchOptions, type Finished, useBackend } from '../../../runtime/src/index.js';
import { batchOf } from '../../support/batch.js';
import { largestDifference, perturbed, type SpecModel, taken } from '../../support/specs.js';

const small = { vocab: 13, context: 24, width: 8, depth: 2, heads: 2, hidden: 12 };
const source = (rows: readonly (readonly number[])[]) => ({
  values: rows.map((row) => [...row, ...Array<number>(5 - row.length).fill(0)]),
  lengths: rows.map((row) => row.length),
});
const sources = [
  [4, 5, 6, 9],
  [7, 8],
  [3, 3, 12, 1, 5],
];
const prompts = [[1, 9, 4], [1], [1, 3, 3, 8, 7, 2, 11]];

interface Case {
  readonly title: string;
  readonly spec: string;
  readonly name: string;
  readonly config: object;
  readonly growing: string;
  /** The inputs that do not grow, of some of the sequences. */
  readonly constants: (of: readonly number[]) => Readonly<Record<string, unknown>>;
}

const translating = (of: readonly number[]) => ({ source: source(of.map((b) => sources[b]!)) });
const cases: readonly Case[] = [
  {
    title: 'GPT-2: learned positions',
    spec: 'gpt2',
    name: 'Gpt2',
    config: { vocab: 13, context: 24, width: 8, depth: 2, heads: 2 },
    growing: 'tokens',
    constants: () => ({}),
  },
  {
    title: 'Llama: rotary positions, grouped queries',
    spec: 'llama',
    name: 'Llama',
    config: { ...small, heads: 4, kv_heads: 2 },
    growing: 'tokens',
    constants: () => ({}),
  },
  {
    title: 'Transformer: sources of different lengths, presence of both',
    spec: 'transformer',
    name: 'Transformer',
    config: small,
    growing: 'target',
    constants: translating,
  },
  {
    title: 'recurrent encoder and decoder: the state stops at the last token',
    spec: 'seq2seq',
    name: 'Seq2Seq',
    config: { vocab: 13, target_vocab: 13, context: 24, embed: 6, width: 5, align: 7, pool: 4 },
    growing: 'target',
    constants: translating,
  },
  {
    title: 'DALL·E: behind a text',
    spec: 'dalle',
    name: 'Dalle',
    config: { text_vocab: 9, image_vocab: 13, text_length: 4, grid: 4, width: 8, depth: 4, heads: 2, near: 3 },
    growing: 'image',
    constants: (of) => ({
      text: of.map(
        (b) =>
          [
            [3, 1, 8, 2],
            [5, 5, 0, 7],
            [1, 2, 3, 4],
          ][b]!,
      ),
    }),
  },
];

const modelOf = ({ spec, name, config }: Case): Promise<SpecModel> =>
  perturbed(`specs/models/${spec}.tfm`, name, config);

async function alone(model: SpecModel, inputs: Readonly<Record<string, unknown>>, options: BatchOptions) {
  const tokens: number[] = [];
  const generation = model.generate(inputs, options as object);
  for (;;) {
    const { done, value } = await generation.next();
    if (done) return { tokens, finished: value as Finished };
    tokens.push(value as number);
  }
}

describe.each(['cpu', 'wasm'] as const)('%s', (backend) => {
  beforeAll(async () => {
    await useBackend(backend);
  });

  describe.each(cases)('$title', (of) => {
    test.each([
      ['the likeliest tokens', { temperature: 0, maxNewTokens: 7, stopTokens: [] }],
      ['sampled tokens', { temperature: 1.3, topK: 9, seed: 5, maxNewTokens: 7, stopTokens: [4] }],
      ['until each context is full', { temperature: 0, stopTokens: [] }],
    ] as const)('each sequence gets what it gets alone: %s', async (_, options) => {
      const model = await modelOf(of);
      const before = tf.memory().numTensors;
      const limited = {
        ...(of.name === 'Seq2Seq' ? { maxNewTokens: 9 } : {}),
        ...(of.name === 'Transformer' ? { maxNewTokens: 9 } : {}),
        ...options,
      };
      const all = prompts.map((_prompt, b) => b);
      const expected = [];
      for (const b of all) {
        expected.push(await alone(model, { ...of.constants([b]), [of.growing]: [prompts[b]] }, limited));
      }
      const { rows, finished } = await batchOf(
        model.generateBatch({ ...of.constants(all), [of.growing]: prompts }, limited),
      );
      expect(rows).toEqual(expected.map(({ tokens }) => tokens));
      expect(finished).toEqual(expected.map((each) => each.finished));
      expect(tf.memory().numTensors).toBe(before);
      model.dispose();
    });

    test('what stands in the padding changes nothing, bit for bit', async () => {
      const model = await modelOf(of);
      const all = prompts.map((_prompt, b) => b);
      const scores: Float32Array[] = [];
      for (const pad of [0, 12]) {
        const values = prompts.map((prompt) => [...prompt, ...Array<number>(7 - prompt.length).fill(pad)]);
        const given = { values, lengths: prompts.map((prompt) => prompt.length) };
        const { logits, state } = model.prefill({ ...of.constants(all), [of.growing]: given }, { capacity: 16 });
        const next = model.step([5, null, 2], state);
        const last = model.step([6, 7, 8], state);
        scores.push(
          await taken(logits),
          (await taken(next)).filter((_value, i) => i < 13 || i >= 26),
          await taken(last),
        );
        state.dispose();
      }
      expect(scores[0]!.length).toBe(3 * 13);
      expect(scores.slice(3)).toEqual(scores.slice(0, 3));
      // A sequence that stayed goes on as if nothing had been.
      const one = model.prefill({ ...of.constants([1]), [of.growing]: [prompts[1]] }, { capacity: 16 });
      const expected = await taken(model.step(7, one.state));
      tf.dispose(one.logits);
      one.state.dispose();
      expect(largestDifference(scores[2]!.subarray(13, 26), expected)).toBeLessThan(1e-5);
      model.dispose();
    });
  });
});

describe('batches of prompts', () => {
  const [gpt2, , , , dalle] = cases as readonly [Case, Case, Case, Case, Case];
  const greedy = { temperature: 0, maxNewTokens: 5 };
  let model: SpecModel;

  beforeAll(async () => {
    await useBackend('cpu');
  });

  beforeEach(async () => {
    model = await modelOf(gpt2);
  });

  test('lists, lengths and presence say the same', async () => {
    const values = prompts.map((prompt) => [...prompt, ...Array<number>(7 - prompt.length).fill(3)]);
    const lengths = prompts.map((prompt) => prompt.length);
    const present = values.map((row, b) => row.map((_, t) => t < lengths[b]!));
    const flat = Int32Array.from(values.flat());
    const { rows } = await batchOf(model.generateBatch({ tokens: prompts }, greedy));
    for (const tokens of [
      { values, lengths },
      { values, present },
      { values, present: tf.tensor2d(present, undefined, 'bool') },
      { values: flat, shape: [3, 7], lengths },
      { values: tf.tensor2d(values, undefined, 'int32'), lengths },
    ]) {
      expect((await batchOf(model.generateBatch({ tokens }, greedy))).rows).toEqual(rows);
    }
  });

  test('a seed for each sequence', async () => {
    const sampling = { temperature: 2, maxNewTokens: 6 };
    const same = await batchOf(
      model.generateBatch(
        {
          tokens: [
            [1, 2],
            [1, 2],
          ],
        },
        { ...sampling, seed: 4 },
      ),
    );
    expect(same.rows[0]).toEqual(same.rows[1]);
    const own = await batchOf(
      model.generateBatch(
        {
          tokens: [
            [1, 2],
            [1, 2],
          ],
        },
        { ...sampling, seed: [4, 8] },
      ),
    );
    expect(own.rows[0]).toEqual(same.rows[0]);
    expect(own.rows[1]).toEqual((await alone(model, { tokens: [[1, 2]] }, { ...sampling, seed: 8 })).tokens);
    expect(own.rows[1]).not.toEqual(own.rows[0]);
    const wrong = model.generateBatch({ tokens: prompts }, { seed: [1, 2] }).next();
    await expect(wrong).rejects.toThrow('2 seeds were given for 3 sequences');
  });

  test('an empty image for several texts: each begins with its own', async () => {
    const images = await modelOf(dalle);
    const all = [0, 1, 2];
    const expected = [];
    for (const b of all) {
      expected.push((await alone(images, { ...dalle.constants([b]), image: [] }, greedy)).tokens);
    }
    const { rows } = await batchOf(images.generateBatch({ ...dalle.constants(all), image: [] }, greedy));
    expect(rows).toEqual(expected);
    await expect(images.generate({ ...dalle.constants(all), image: [] }, greedy).next()).rejects.toThrow('has 3');
    images.dispose();
  });

  test.each([
    ['an empty sequence', [[1, 2], []], 'sequence 1 of tokens is empty, others are not'],
    [
      'padding in front',
      {
        values: [
          [0, 2],
          [1, 2],
        ],
        present: [
          [0, 1],
          [1, 1],
        ],
      },
      'sequence 0 of tokens has padding in front',
    ],
    [
      'wrong lengths',
      {
        values: [
          [1, 2],
          [3, 4],
        ],
        lengths: [1, 3],
      },
      'lengths [1, 3] for 2 sequences of 2 rows',
    ],
  ])('%s is refused', async (_, tokens, message) => {
    await expect(model.generateBatch({ tokens }, greedy).next()).rejects.toThrow(message);
    expect(() => model.prefill({ tokens })).toThrow(message);
  });

  test('a full sequence takes no token, the others go on', async () => {
    const { logits, state } = model.prefill({ tokens: [[1, 2, 3], [1]] }, { capacity: 3 });
    expect(() => model.step([4, 5], state)).toThrow('4 tokens do not fit');
    const next = await taken(model.step([null, 5], state));
    const expected = await taken(model.forward({ tokens: [[1, 5]] }).logits!);
    expect(largestDifference(next.subarray(13), expected.subarray(13))).toBeLessThan(1e-5);
    expect(state.positions).toEqual([3, 2]);
    logits.dispose();
    state.dispose();
  });

  test('progress counts over all sequences', async () => {
    const seen: object[] = [];
    await batchOf(
      model.generateBatch({ tokens: [[1, 2], [3]] }, { ...greedy, maxNewTokens: 2, onProgress: (at) => seen.push(at) }),
    );
    expect(seen).toEqual([
      { promptTokens: 3, newTokens: 2 },
      { promptTokens: 3, newTokens: 4 },
    ]);
  });
});
