import type { GenerationState } from '../scope/state.js';
import { checkOptions } from './check-options.js';
import type { Decoder } from './decoder.js';
import { Rules } from './ending.js';
import { type Logits, TensorLogits } from './logits.js';
import type { BatchOptions } from './options.js';
import { type Plan, planFor } from './plan.js';
import { promptSize, promptTokens, readablePrompt } from './prompt.js';

/** A generation behind its prompts. */
export interface Begun {
  /** Of the next tokens. */
  readonly logits: Logits;
  readonly state: GenerationState;
}

/** A generation that can begin. */
export interface Beginning extends Plan {
  readonly rules: Rules;
  /** Of a batch of so many sequences, which an empty prompt does not tell. */
  readonly promptsOf: (batch: number) => number[][];
  readonly prefill: () => Begun;
}

/** Checks the options and plans a generation, before anything is computed. */
export async function begin(decoder: Decoder, given: object, options: BatchOptions): Promise<Beginning> {
  options.signal?.throwIfAborted();
  checkOptions(options);
  const { growing, generation } = decoder.model;
  const inputs = await readablePrompt(given, growing);
  const rules = new Rules(options, growing);
  const mayEnd = rules.stops.size > 0 || rules.areConditional;
  const { ends, capacity } = planFor(generation, promptSize(inputs, growing), options, mayEnd);
  const { state } = options;
  return {
    ends,
    capacity,
    rules,
    promptsOf: (batch) => promptTokens(inputs, growing, batch) ?? [],
    prefill: () => {
      const how = { ...(state ? { state } : capacity !== undefined && { capacity }) };
      const { logits, state: begun } = decoder.prefill(inputs, how);
      return { logits: new TensorLogits(logits), state: begun };
    },
  };
}

/** Logits [B, vocab], row by row; they are given back. */
export async function scoresOf(
  logits: Logits,
  rows: number,
  { signal }: Pick<BatchOptions, 'signal'>,
): Promise<Float32Array[]> {
  const scores = await logits.read();
  logits.dispose();
  signal?.throwIfAborted();
  const classes = scores.length / rows;
  return Array.from({ length: rows }, (_, b) => scores.subarray(b * classes, (b + 1) * classes));
}

/** The state with every sequence several times; the one before stays only where it is the caller's. */
export function repeated(state: GenerationState, times: number, kept: GenerationState | undefined): GenerationState {
  const wide = state.select(Array.from({ length: state.batch * times }, (_, i) => Math.floor(i / times)));
  if (state !== kept) state.dispose();
  return wide;
}
