import type { Tensor } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import { type Operand, real } from './arithmetic.js';
import { forNewRows, likeOperands } from './rows-so-far.js';

/**
 * Comparisons and logic are flat wherever they have a derivative; tfjs registers none for most of them, and then
 * refuses the whole gradient.
 */
export function flat(compute: (...inputs: Tensor[]) => Tensor, inputs: readonly Operand[]): Tensor {
  return tf.tidy(() =>
    tf.customGrad((...given) => {
      const tensors = given.filter((input) => input instanceof tf.Tensor);
      const shapes = tensors.map(({ shape }) => shape); // not the tensors: they may be gone when a gradient is asked for
      return { value: compute(...tensors), gradFunc: () => shapes.map((shape) => tf.zeros(shape)) };
    })(...inputs.map(tensor)),
  );
}

const comparison =
  (compare: (a: Tensor, b: Tensor) => Tensor) =>
  (a: Operand, b: Operand): Tensor =>
    flat((x, y) => compare(x!, y!), [a, b]);

export const equal = comparison((a, b) => tf.equal(a, b));
export const notEqual = comparison((a, b) => tf.notEqual(a, b));
export const less = comparison((a, b) => tf.less(a, b));
export const lessEqual = comparison((a, b) => tf.lessEqual(a, b));
export const greater = comparison((a, b) => tf.greater(a, b));
export const greaterEqual = comparison((a, b) => tf.greaterEqual(a, b));

const logical =
  (combine: (...truths: Tensor[]) => Tensor) =>
  (...truths: Tensor[]): Tensor =>
    likeOperands(
      flat((...given) => combine(...given.map(bool)), truths),
      truths,
    );

export const and: (a: Tensor, b: Tensor) => Tensor = logical((a, b) => tf.logicalAnd(a!, b!));
export const or: (a: Tensor, b: Tensor) => Tensor = logical((a, b) => tf.logicalOr(a!, b!));
export const not: (x: Tensor) => Tensor = logical((x) => tf.logicalNot(x!));

/** `a` where the condition holds, else `b`, float32; all three broadcast. */
export function where(condition: Tensor, a: Operand, b: Operand): Tensor {
  return tf.tidy(() => tf.where(bool(forNewRows(condition)), tensor(real(forNewRows(a))), tensor(real(forNewRows(b)))));
}

/** x [.., d] with 0 (or false) where the condition holds, which has the shape of x, or a flag for all of its last axes: [B, T]. */
export function zero(x: Tensor, condition: Tensor): Tensor {
  return tf.tidy(() => {
    const rows = forNewRows(condition);
    const stretched = Array<number>(Math.max(x.rank - rows.rank, 0)).fill(1);
    const hidden = tf.reshape(bool(rows), [...rows.shape, ...stretched]);
    // tfjs's `where` on wasm reads 4 bytes for each truth value, which has one.
    return x.dtype === 'bool' ? tf.logicalAnd(x, tf.logicalNot(hidden)) : tf.where(hidden, tf.zerosLike(x), x);
  });
}

function tensor(x: Operand): Tensor {
  return typeof x === 'number' ? tf.scalar(x) : x;
}

/** Whether each number is not 0. tfjs's logic takes bool only, and its `cast` on wasm drops fractions: 0.7 would be false. */
export function bool(x: Tensor): Tensor {
  return x.dtype === 'bool' ? x : flat((given) => tf.notEqual(given, 0), [x]);
}
