import type { Tensor } from '@tensorflow/tfjs';
import { read } from '../device/read.js';
import { TfmError } from '../errors.js';
import type { GenerationDefinition, InputDefinition } from '../model/definition.js';
import type { GenerationState } from '../scope/state.js';
import { cacheCapacity } from './chunks.js';
import type { BatchOptions, Finished } from './options.js';
import { type PromptSize, promptSize } from './prompt.js';
import { Sequence, type SequenceEnd } from './sequence.js';

/** What the loop needs of a model. */
export interface Steps<Inputs> {
  readonly generation: GenerationDefinition;
  prefill(inputs: Inputs, options: { readonly capacity: number }): { logits: Tensor; state: GenerationState };
  step(tokens: readonly (number | null)[], state: GenerationState): Tensor;
}

/** The loop behind `generateBatch`: prefill, then draw tokens and take a step until every sequence is over. */
export async function* generateTokens<Inputs extends object>(
  model: Steps<Inputs>,
  inputs: Inputs,
  growing: InputDefinition,
  options: BatchOptions,
): AsyncGenerator<(number | null)[], Finished[], undefined> {
  options.signal?.throwIfAborted();
  const { ends, capacity } = plan(model.generation, promptSize(inputs, growing), options);
  const first = sequencesFor(ends, ends.length, growing, options);
  if (first.every(({ isOver }) => isOver)) return first.map(({ finished }) => finished);
  let { logits, state } = model.prefill(inputs, { capacity });
  try {
    const sequences = sequencesFor(ends, state.batch, growing, options);
    for (;;) {
      const scores = (await read(logits)) as Float32Array;
      logits.dispose();
      options.signal?.throwIfAborted();
      const classes = scores.length / sequences.length;
      const tokens = sequences.map((each, b) => each.draw(scores.subarray(b * classes, (b + 1) * classes)));
      const finished = sequences.map((sequence) => sequence.finished);
      if (tokens.every((token) => token === null)) return finished;
      options.onProgress?.({ promptTokens: sum(finished, 'promptTokens'), newTokens: sum(finished, 'newTokens') });
      yield tokens;
      if (sequences.every(({ isOver }) => isOver)) return finished;
      options.signal?.throwIfAborted();
      const next = sequences.map(({ isOver }, b) => (isOver ? null : (tokens[b] ?? null)));
      logits = model.step(next, state);
    }
  } finally {
    logits.dispose();
    state.dispose();
  }
}

/** The one sequence of a batch of one. Throws TFM5303 where the prompt has more. */
export function onlyOne({ batch }: PromptSize, { name }: InputDefinition): void {
  if (batch === undefined || batch === 1) return;
  throw new TfmError('TFM5303', `generate takes one sequence, ${name} has ${batch}`, 'generateBatch takes several');
}

const sum = (all: readonly Finished[], key: 'promptTokens' | 'newTokens'): number =>
  all.reduce((total, each) => total + each[key], 0);

/** A sequence for each of the batch, which an empty prompt does not tell: then all end alike. */
function sequencesFor(
  ends: readonly SequenceEnd[],
  batch: number,
  growing: InputDefinition,
  { seed, stopTokens, ...sampling }: BatchOptions,
): Sequence[] {
  const stops = new Set(stopTokens ?? (growing.stop === undefined ? [] : [growing.stop]));
  const seeds = typeof seed === 'object' ? seed : undefined;
  if (seeds && seeds.length !== batch) {
    throw new TfmError('TFM5307', `${seeds.length} seeds were given for ${batch} sequences`);
  }
  const common = typeof seed === 'number' ? { seed } : {};
  return Array.from({ length: batch }, (_, b) => {
    const end = ends[b] ?? ends[0] ?? { promptTokens: 0, limit: 0, reason: 'length' };
    const own = seeds?.[b];
    return new Sequence(end, stops, { ...sampling, ...common, ...(own !== undefined && { seed: own }) });
  });
}

/** How many tokens each sequence gets at most, why it ends there, and how many rows the caches need. */
function plan(generation: GenerationDefinition, { lengths }: PromptSize, { maxNewTokens }: BatchOptions) {
  if (maxNewTokens !== undefined && !(Number.isSafeInteger(maxNewTokens) && maxNewTokens >= 0)) {
    throw new TfmError('TFM5307', `maxNewTokens is ${maxNewTokens}`, 'it is a number of tokens from 0 up');
  }
  const ends = lengths.map((rows) => endOf(generation, rows, maxNewTokens));
  const rows = Math.max(...ends.map(({ promptTokens, limit }) => promptTokens + limit));
  return { ends, capacity: cacheCapacity(rows, generation.capacity) };
}

function endOf(
  { capacity, scores }: GenerationDefinition,
  rows: number,
  maxNewTokens: number | undefined,
): SequenceEnd {
  // The last token is scored, but not read: where row j scores token j + 1, one more token than rows fits.
  const most = capacity === undefined ? Number.POSITIVE_INFINITY : capacity - rows + (scores === 'next' ? 1 : 0);
  const limit = Math.min(maxNewTokens ?? most, most);
  if (limit === Number.POSITIVE_INFINITY) {
    throw new TfmError('TFM5307', 'the spec sets no limit to the sequence', 'give maxNewTokens');
  }
  if (limit < 0 || (limit === 0 && maxNewTokens !== 0)) {
    throw new TfmError('TFM5308', `a prompt of ${rows} tokens leaves no room in a context of ${capacity}`);
  }
  return {
    promptTokens: rows,
    limit,
    reason: maxNewTokens !== undefined && maxNewTokens <= most ? 'length' : 'context',
  };
}
