import type { Tensor } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import { RecurrentState } from '../kernels/recurrent-state.js';
import { guarded } from '../replay/tracking.js';
import type { OperatorScope } from './context.js';
import { misfit, range, size } from './shapes.js';

export interface ScanOptions {
  /** The sequences grow in a generation: the states are kept from pass to pass. Default false. */
  readonly grows?: boolean | undefined;
  /** From the last row to the first; emitted values stay with their rows. Default false. */
  readonly reverse?: boolean | undefined;
}

/** What the body makes of one row of each sequence. */
export interface ScanStep {
  readonly next: readonly Tensor[];
  readonly emit: Tensor;
}

/** As many tensors as `List` has. */
export type Tensors<List extends readonly Tensor[]> = { readonly [Index in keyof List]: Tensor };

export interface Scanned<States extends readonly Tensor[] = readonly Tensor[]> {
  /** The emitted values, stacked along axis 1. */
  readonly emitted: Tensor;
  /** The states after the last row. */
  readonly states: Tensors<States>;
}

/**
 * A recurrence over the sequence axis: `body` gets the states and one row of each sequence ([B, T, ..] → [B, ..]).
 *
 * @param states The states before the first row; in later passes of a generation the kept ones take their place.
 */
export function scan<const States extends readonly Tensor[], const Sequences extends readonly Tensor[]>(
  states: States,
  sequences: Sequences,
  body: (states: Tensors<States>, rows: Tensors<Sequences>) => ScanStep,
  options?: ScanOptions,
  scope?: OperatorScope,
): Scanned<States>;
export function scan(
  states: readonly Tensor[],
  sequences: readonly Tensor[],
  body: (states: readonly Tensor[], rows: readonly Tensor[]) => ScanStep,
  { grows = false, reverse = false }: ScanOptions = {},
  scope?: OperatorScope,
): Scanned {
  const [first] = sequences;
  if (!first) throw misfit('scan', 'there is no sequence to scan');
  const length = size(first, 1);
  const memory = grows ? scope?.cache('recurrent', () => new RecurrentState()) : undefined;
  const padding = grows ? paddingOf(scope) : undefined;
  const result = tf.tidy(() => {
    let current = memory?.tensors ?? states;
    const emitted: Tensor[] = [];
    for (let step = 0; step < length; step++) {
      const t = reverse ? length - 1 - step : step;
      const rows = sequences.map((sequence) => tf.squeeze<Tensor>(range(sequence, 1, t, 1), [1]));
      const { next, emit } = body(current, rows);
      current = padding ? withoutPadding(next, current, padding, length - step) : next;
      emitted[t] = emit;
    }
    return { emitted: tf.stack(emitted, 1), states: current.map((state) => tf.clone(state)) };
  });
  memory?.replace(result.states);
  return result;
}

/** Which rows are padding decides what runs: a step with other ones is recorded anew. */
function paddingOf(scope: OperatorScope | undefined): readonly number[] | undefined {
  let rows: readonly number[] | undefined;
  guarded(() => {
    rows = scope?.paddingRows;
    return rows?.join() ?? '';
  });
  return rows;
}

/**
 * The next states; those before for sequences whose row is padding, so that a sequence goes on from its own last row.
 * `left` counts this row and those behind it.
 */
function withoutPadding(
  next: readonly Tensor[],
  before: readonly Tensor[],
  padding: readonly number[],
  left: number,
): readonly Tensor[] {
  if (padding.every((rows) => left > rows)) return next;
  const isReal = padding.map((rows) => left > rows);
  return next.map((state, i) => {
    const condition = tf.tensor(isReal, [isReal.length, ...state.shape.slice(1).map(() => 1)], 'bool');
    return tf.where(condition, state, before[i]!);
  });
}
