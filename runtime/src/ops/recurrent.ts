import type { Tensor, Tensor2D } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import type { OperatorScope } from './context.js';
import { type LinearWeights, linear } from './linear.js';
import { scan } from './scan.js';
import { size } from './shapes.js';

/** `input` [gates · h, in] reads the row, `hidden` [gates · h, h] the state; gates one after the other, as in PyTorch. */
export interface RecurrentWeights {
  readonly input: LinearWeights;
  readonly hidden: LinearWeights;
}

export interface RecurrentOptions {
  /** From the last row to the first. */
  readonly reverse?: boolean | undefined;
  readonly grows?: boolean | undefined;
  /** [B, T], true for real rows: padding leaves the state as it is, at whichever end it stands. Default: all are real. */
  readonly mask?: Tensor | undefined;
}

/**
 * A gated recurrent unit over a sequence, from a state of zeros: [B, T, in] → [B, T, h] (Cho et al. 2014; gates in the
 * order reset, update, new, with the reset gate on the product, as in PyTorch).
 */
export function gru(
  x: Tensor,
  weights: RecurrentWeights,
  options: RecurrentOptions = {},
  scope?: OperatorScope,
): Tensor {
  return tf.tidy(() => {
    const state = tf.zeros([size(x, 0), size(weights.hidden.weight, 1)]);
    // One product for all rows; the recurrence itself needs only the state's.
    return recurrence([state], linear(x, weights.input), options, scope, ([h], row) => [
      gruGates(row, h!, weights.hidden),
    ]);
  });
}

/** One step of `gru`: x [B, in], state [B, h] → [B, h]. */
export function gruCell(x: Tensor, state: Tensor, weights: RecurrentWeights): Tensor {
  return tf.tidy(() => gruGates(linear(x, weights.input), state, weights.hidden));
}

function gruGates(fromInput: Tensor, state: Tensor, hidden: LinearWeights): Tensor {
  const [ir, iz, inew] = thirds(fromInput);
  const [hr, hz, hnew] = thirds(linear(state, hidden));
  const reset = tf.sigmoid(tf.add(ir, hr));
  const update = tf.sigmoid(tf.add(iz, hz));
  const fresh = tf.tanh(tf.add(inew, tf.mul(reset, hnew)));
  return tf.add(fresh, tf.mul(update, tf.sub(state, fresh)));
}

/**
 * A long short-term memory over a sequence, from states of zeros: [B, T, in] → [B, T, h] (Hochreiter and Schmidhuber
 * 1997; gates in the order input, forget, cell, output, as in PyTorch).
 */
export function lstm(
  x: Tensor,
  weights: RecurrentWeights,
  options: RecurrentOptions = {},
  scope?: OperatorScope,
): Tensor {
  return tf.tidy(() => {
    const zeros = tf.zeros([size(x, 0), size(weights.hidden.weight, 1)]);
    return recurrence([zeros, zeros], linear(x, weights.input), options, scope, ([h, c], row) =>
      lstmGates(row, h!, c!, weights.hidden),
    );
  });
}

/** The first state after each row; where the mask says padding, the states stay what they are. */
function recurrence(
  states: readonly Tensor[],
  rows: Tensor,
  { mask, ...options }: RecurrentOptions,
  scope: OperatorScope | undefined,
  step: (states: readonly Tensor[], row: Tensor) => readonly Tensor[],
): Tensor {
  const sequences = mask ? [rows, mask] : [rows];
  const body = (before: readonly Tensor[], [row, real]: readonly Tensor[]) => {
    const after = step(before, row!);
    const next = real ? after.map((state, i) => tf.where(tf.expandDims(real, 1), state, before[i]!)) : after;
    return { next, emit: next[0]! };
  };
  return scan(states, sequences, body, options, scope).emitted;
}

/** One step of `lstm`: x [B, in], h and c [B, h] → the next [h, c]. */
export function lstmCell(x: Tensor, h: Tensor, c: Tensor, weights: RecurrentWeights): [Tensor, Tensor] {
  return tf.tidy(() => lstmGates(linear(x, weights.input), h, c, weights.hidden));
}

function lstmGates(fromInput: Tensor, h: Tensor, c: Tensor, hidden: LinearWeights): [Tensor, Tensor] {
  const gates = tf.add(fromInput, linear(h, hidden)) as Tensor2D;
  const [input, forget, cell, output] = tf.split(gates, 4, 1) as [Tensor, Tensor, Tensor, Tensor];
  const next = tf.add<Tensor>(tf.mul(tf.sigmoid(forget), c), tf.mul(tf.sigmoid(input), tf.tanh(cell)));
  return [tf.mul(tf.sigmoid(output), tf.tanh(next)), next];
}

function thirds(x: Tensor): [Tensor, Tensor, Tensor] {
  return tf.split(x, 3, x.rank - 1) as [Tensor, Tensor, Tensor];
}
