import * as tf from '@tensorflow/tfjs';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Finished, type GenerateOptions, type GenerationState, useBackend } from '../../../runtime/src/index.js';
import { importedModel } from '../../support/imported.js';
import { largestDifference, perturbed, type SpecModel, taken, tokensOf } from '../../support/specs.js';

let before: number;
beforeAll(async () => void (await useBackend('wasm')));
beforeEach(() => {
  before = tf.memory().numTensors;
});
afterEach(() => {
  expect(tf.memory().numTensors).toBe(before);
});

interface Case {
  readonly title: string;
  readonly make: () => Promise<SpecModel>;
  readonly inputs: (tokens: readonly number[]) => Readonly<Record<string, unknown>>;
  /** Whether a longer sequence can be taken back. */
  readonly rewinds: boolean;
}

const source = [[1, 5, 2, 4]];
const small = { vocab: 13, context: 96, width: 8, depth: 2, heads: 2, hidden: 12 };
const cases: readonly Case[] = [
  {
    title: 'GPT-2',
    make: () => perturbed('specs/models/gpt2.tfm', 'Gpt2', { ...small, hidden: undefined }),
    inputs: (tokens) => ({ tokens: [tokens] }),
    rewinds: true,
  },
  {
    title: 'Llama',
    make: () => perturbed('specs/models/llama.tfm', 'Llama', { ...small, kv_heads: 1 }),
    inputs: (tokens) => ({ tokens: [tokens] }),
    rewinds: true,
  },
  {
    title: 'Transformer',
    make: () => perturbed('specs/models/transformer.tfm', 'Transformer', small),
    inputs: (target) => ({ source, target: [target] }),
    rewinds: true,
  },
  {
    title: 'a recurrent decoder',
    make: () =>
      perturbed('specs/models/seq2seq.tfm', 'Seq2Seq', {
        ...{ vocab: 13, target_vocab: 13, context: 96, embed: 6, width: 5, align: 7, pool: 4 },
      }),
    inputs: (target) => ({ source, target: [target] }),
    rewinds: false,
  },
];

/** How many rows the model is given while `run` lasts. */
async function rowsPassed(state: GenerationState, run: () => Promise<unknown>): Promise<number> {
  let rows = 0;
  const positions = Object.getOwnPropertyDescriptor(state, 'position');
  let at = state.position as number;
  Object.defineProperty(state, 'position', {
    configurable: true,
    get: () => at,
    set: (value: number) => {
      if (value > at) rows += value - at;
      at = value;
    },
  });
  await run();
  Object.defineProperty(state, 'position', { ...positions, value: at });
  return rows;
}

async function generated(model: SpecModel, inputs: Readonly<Record<string, unknown>>, options: GenerateOptions) {
  const tokens: number[] = [];
  const generation = model.generate(inputs, { temperature: 0, stopTokens: [], maxNewTokens: 6, ...options });
  for (;;) {
    const { done, value } = await generation.next();
    if (done) return { tokens, finished: value as Finished };
    tokens.push(value as number);
  }
}

describe.each(cases)('$title', ({ make, inputs, rewinds }) => {
  test('a conversation goes on in its state: only what is new is computed', async () => {
    const model = await make();
    const first = [1, 7, 3, 9, 9];
    const { logits, state } = model.prefill(inputs(first));
    logits.dispose();
    const reply = (await generated(model, inputs(first), { state })).tokens;
    expect(reply).toEqual((await generated(model, inputs(first), {})).tokens);
    const second = [...first, ...reply, 4, 8, 2];
    let found: number[] = [];
    const rows = await rowsPassed(state, async () => {
      found = (await generated(model, inputs(second), { state })).tokens;
    });
    expect(found).toEqual((await generated(model, inputs(second), {})).tokens);
    // The last token of the reply, three new ones, and five that are generated and read.
    expect(rows).toBe(4 + 5);
    // Another beginning: what is common is kept, where rows can be taken back.
    const other = [1, 7, 3, 2, 2, 5];
    const again = await rowsPassed(state, async () => {
      found = (await generated(model, inputs(other), { state })).tokens;
    });
    expect(found).toEqual((await generated(model, inputs(other), {})).tokens);
    expect(again).toBe(rewinds ? 3 + 5 : 6 + 5);
    expect(state.tokens).toEqual([[...other, ...found.slice(0, -1)]]);
    state.dispose();
    model.dispose();
  });

  test('forks go their own ways', async () => {
    const model = await make();
    const { logits, state } = model.prefill(inputs([1, 7, 3, 9]));
    logits.dispose();
    const fork = state.fork();
    const rows = [model.step(5, state), model.step(2, fork), model.step(6, state), model.step(11, fork)];
    const [, , own, forked] = await Promise.all(rows.map(taken));
    for (const [tokens, found] of [
      [[1, 7, 3, 9, 5, 6], own],
      [[1, 7, 3, 9, 2, 11], forked],
    ] as const) {
      const whole = model.prefill(inputs(tokens));
      expect(largestDifference(found!, await taken(whole.logits))).toBeLessThan(1e-5);
      whole.state.dispose();
    }
    state.dispose();
    expect(fork.disposed).toBe(false);
    fork.dispose();
    model.dispose();
  });

  test('samples and beams leave the state with the prompt', async () => {
    const model = await make();
    const { logits, state } = model.prefill(inputs([1, 7, 3]));
    logits.dispose();
    const common = { state, maxNewTokens: 4, stopTokens: [] };
    for (const options of [{ samples: 3, seed: 2 }, { beams: 3 }]) {
      const expected = await model.complete(inputs([1, 7, 3]), { ...common, ...options, state: undefined } as object);
      const found = await model.complete(inputs([1, 7, 3]), { ...common, ...options });
      expect(found.flat().map(({ tokens }) => tokens)).toEqual(expected.flat().map(({ tokens }) => tokens));
      expect(state.tokens).toEqual([[1, 7, 3]]);
    }
    state.dispose();
    model.dispose();
  });
});

describe('states', () => {
  test('what a state and a prompt do not have in common is told', async () => {
    const model = await cases[2]!.make();
    const other = await cases[2]!.make();
    const { logits, state } = model.prefill({ source, target: [[1, 7]] }, { capacity: 8 });
    logits.dispose();
    const using = (inputs: object, options: object = {}) => generated(model, inputs as never, { state, ...options });
    await expect(using({ source: [[9, 9, 9, 9]], target: [[1, 7]] })).rejects.toThrow(
      'source is not what the state was',
    );
    await expect(generated(other, { source, target: [[1, 7]] }, { state })).rejects.toThrow('of another model');
    expect(() => model.prefill({ source: [source[0], source[0]], target: [[1], [2]] }, { state })).toThrow();
    const { finished } = await using({ source, target: [[1, 7]] }, { maxNewTokens: 50 });
    expect(finished).toEqual({ reason: 'context', promptTokens: 2, newTokens: 7 });
    await expect(using({ source, target: [Array(9).fill(1)] })).rejects.toMatchObject({ code: 'TFM5308' });
    state.dispose();
    await expect(using({ source, target: [[1, 7]] })).rejects.toMatchObject({ code: 'TFM5305' });
    model.dispose();
    other.dispose();
  });

  test('a ragged batch goes on in its state', async () => {
    const model = await cases[1]!.make();
    const prompts = [
      [1, 7, 3, 9, 9],
      [1, 7],
    ];
    const { logits, state } = model.prefill({ tokens: prompts });
    logits.dispose();
    const longer = [
      [1, 7, 3, 9, 9, 4],
      [1, 7, 5, 6, 6, 8, 2],
    ];
    const options = { temperature: 0, stopTokens: [], maxNewTokens: 5 };
    const found = await model.complete({ tokens: longer }, { ...options, state });
    const expected = await model.complete({ tokens: longer }, options);
    expect(found.flat().map(({ tokens }) => tokens)).toEqual(expected.flat().map(({ tokens }) => tokens));
    state.dispose();
    model.dispose();
  });
});

describe('a model without a bounded context', () => {
  const inputs = { source: [[4, 5]], target: [[0]] };
  const t5 = () => importedModel('test/fixtures/hf-golden/t5_relbias');

  test('the state grows by doubling: the scores are those of one with room', async () => {
    const model = await t5();
    const growing = model.prefill(inputs);
    const room = model.prefill(inputs, { capacity: 128 });
    tf.dispose([room.logits, growing.logits]);
    expect(growing.state.capacity).toBe(64);
    for (let i = 0; i < 70; i++) {
      const [own, expected] = [model.step(i % 90, growing.state), model.step(i % 90, room.state)];
      expect(largestDifference(await taken(own), await taken(expected))).toBeLessThan(2e-4);
    }
    expect(growing.state.capacity).toBe(128);
    growing.state.dispose();
    room.state.dispose();
    model.dispose();
  });

  test('generate needs no capacity, and no maxNewTokens where a stop token may come', async () => {
    const model = await t5();
    const greedy = { temperature: 0, stopTokens: [] };
    const tokens = await tokensOf(model.generate(inputs, { ...greedy, maxNewTokens: 70 }));
    expect(tokens).toHaveLength(70);
    const endless = model.generate(inputs, { temperature: 0, stopTokens: [95] });
    for (const token of tokens) expect((await endless.next()).value).toBe(token);
    await endless.return({ reason: 'stop', promptTokens: 0, newTokens: 0 });
    await expect(model.complete(inputs, greedy)).rejects.toThrow('the spec sets no limit');
    await expect(model.complete(inputs, { beams: 2 })).rejects.toThrow('the spec sets no limit');
    model.dispose();
  });

  test('between doublings no step takes memory', async () => {
    const model = await t5();
    const { logits, state } = model.prefill(inputs);
    logits.dispose();
    const memory = new Set<string>();
    for (let i = 0; i < 63 + 60; i++) {
      model.step(3, state).dispose();
      memory.add(`${tf.memory().numTensors} ${tf.memory().numBytes}`);
    }
    expect(memory.size).toBe(2);
    state.dispose();
    model.dispose();
  });
});
