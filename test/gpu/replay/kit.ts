import * as tf from '@tensorflow/tfjs';
import { expect } from 'vitest';
import type { GenerationState } from '../../../runtime/src/index.js';
import type { RecordedKernel } from '../../../runtime/src/replay/backend.js';
import { perturbed, type SpecModel, taken } from '../../support/specs.js';

/** A small model that generates, and the inputs of two sequences that begin with a token each. */
export interface Replayed {
  readonly make: () => Promise<SpecModel>;
  readonly inputs: Readonly<Record<string, unknown>>;
}

const small = { vocab: 13, context: 128, width: 8, depth: 1, heads: 2 };
const begin = [[1], [9]];
const decoder = (spec: string, name: string, config: object): Replayed => ({
  make: () => perturbed(`specs/models/${spec}.tfm`, name, { ...small, ...config }),
  inputs: { tokens: begin },
});
const source = {
  values: [
    [4, 5, 6, 9],
    [7, 8, 0, 0],
  ],
  lengths: [4, 2],
};

export const gpt2 = decoder('gpt2', 'Gpt2', {});

export const replayedModels: Readonly<Record<string, Replayed>> = {
  'GPT-2: learned positions': gpt2,
  'Llama: rotary, grouped queries': decoder('llama', 'Llama', { heads: 4, kv_heads: 2, hidden: 12 }),
  'Mixtral: experts': decoder('mixtral', 'Mixtral', { kv_heads: 1, hidden: 6, count: 5, top: 2 }),
  'Bloom: ALiBi': decoder('bloom', 'Bloom', {}),
  'Transformer: an encoder of padded sources, sinusoids': {
    make: () => perturbed('specs/models/transformer.tfm', 'Transformer', { ...small, hidden: 12 }),
    inputs: { source, target: begin },
  },
};

/** Formulas of the spec in the layer and behind the logits. */
export const withFormulas = decoder('gemma', 'Gemma2', {
  ...{ kv_heads: 1, d_k: 4, hidden: 6, query_scalar: 4, act: 'quick_gelu', score_cap: 50, logit_cap: 30 },
});

/** Other ways to choose experts and other experts: shared ones, clipped gates with biases, groups of them. */
export const mixtures: Readonly<Record<string, Replayed>> = {
  'Qwen2-MoE': decoder('qwen_moe', 'QwenMoe', {
    ...{ heads: 2, kv_heads: 2, hidden: 6, expert_hidden: 6, shared: 5, count: 5, top: 2, bias: true },
  }),
  'gpt-oss': decoder('gpt_oss', 'GptOss', { heads: 2, kv_heads: 1, d_k: 4, hidden: 6, count: 5, top: 2, near: 8 }),
  'DeepSeek-V3': decoder('deepseek_v3', 'DeepSeekV3', {
    ...{ q_rank: 6, kv_rank: 5, d_nope: 4, d_rope: 2, d_v: 4, hidden: 6, expert_hidden: 5, dense: 0 },
    ...{ count: 8, top: 2, groups: 4, top_groups: 2 },
  }),
};

/** Of which no cache grows: a step reads the states of a recurrence, and all of its source. */
const recurrent: Replayed = {
  make: () =>
    perturbed('specs/models/seq2seq.tfm', 'Seq2Seq', {
      vocab: 13,
      target_vocab: 13,
      embed: 4,
      width: 6,
      align: 5,
      pool: 3,
    }),
  inputs: { source, target: begin },
};

/** Frequencies that are others at each step beyond the eighth. */
const lengthwise = decoder('llama', 'Llama', { hidden: 12, scaling: 'dynamic', factor: 16, original: 8 });

/** How many recordings steps make whose keys and queries are turned by frequencies of their own, each with the right logits. */
export async function recordingsOfLengths(): Promise<number> {
  const model = await lengthwise.make();
  const found = await recordings(
    model,
    lengthwise,
    [6, 4],
    [
      [3, 8],
      [5, 1],
      [2, 2],
      [7, 11],
    ],
  );
  model.dispose();
  return found;
}

/** Two states that have seen the same. The steps of one are replayed; those of the other run as they are. */
export type Pair = readonly [replayed: GenerationState, plain: GenerationState];

/**
 * States behind the first token that stand further on, so that few steps come to where the recording is another one. What they have
 * not seen are zeros in the caches, which is as good as any key.
 */
export function statesAt(model: SpecModel, { inputs }: Replayed, positions: readonly number[]): Pair {
  return [0, 1].map(() => {
    const { logits, state } = model.prefill(inputs);
    logits.dispose();
    state.positions = positions;
    return state;
  }) as unknown as Pair;
}

/** A step that is neither captured nor replayed: nothing is while a profile is recorded. */
async function plainStep(model: SpecModel, state: GenerationState, tokens: (number | null)[]): Promise<tf.Tensor> {
  const made: tf.Tensor[] = [];
  await tf.profile(() => made.push(model.step(tokens, state)));
  expect(state.replay.kernels).toBeUndefined();
  return made[0]!;
}

/** A step of both, with the same logits. @returns What is recorded of it. */
export async function sameStep(
  model: SpecModel,
  [replayed, plain]: Pair,
  tokens: (number | null)[],
): Promise<readonly RecordedKernel[] | undefined> {
  const expected = await taken(await plainStep(model, plain, tokens));
  expect(await taken(model.step(tokens, replayed)), `step to ${replayed.positions}`).toEqual(expected);
  expect(replayed.replay.escaped).toBeUndefined();
  return replayed.replay.kernels;
}

/** How many recordings some steps make, all with the logits of steps that are not replayed. */
async function recordings(model: SpecModel, of: Replayed, positions: readonly number[], steps: (number | null)[][]) {
  const states = statesAt(model, of, positions);
  const found = new Set<unknown>();
  for (const tokens of steps) found.add(await sameStep(model, states, tokens));
  for (const state of states) state.dispose();
  return found.size;
}

/** How many recordings steps make that come to a guard, and some that come to none. */
export async function recordingsOverGuards(of: Replayed): Promise<number[]> {
  const model = await of.make();
  const steps = [
    [3, 8],
    [5, 1],
    [2, 2],
    [7, 11],
  ];
  const found = [
    await recordings(model, of, [14, 14], steps), // from a quarter of the cache to all of it
    await recordings(model, of, [62, 62], steps), // to a larger cache, and on a GPU a second split of its keys
    await recordings(model, of, [9, 4], [[1, 2], [null, 3], [4, null], ...steps]),
    await recordings(model, of, [4, 4], [[1, 2], [null, 3], ...steps]), // from one position to two
  ];
  model.dispose();
  return found;
}

/** Steps of a recurrence: their recording goes on after sequences change places, but not when one of them stays behind. */
export async function recurrentStepsAreSame(): Promise<void> {
  const model = await recurrent.make();
  const states = statesAt(model, recurrent, [1, 1]);
  const first = await sameStep(model, states, [3, 8]);
  expect(first).toBeDefined();
  expect(await sameStep(model, states, [4, 2])).toBe(first);
  expect(await sameStep(model, states, [null, 5])).not.toBe(first);
  for (const state of states) state.reorder([1, 0]);
  const second = await sameStep(model, states, [6, 7]);
  expect(await sameStep(model, states, [9, 1])).toBe(second);
  for (const state of states) state.dispose();
  model.dispose();
}
