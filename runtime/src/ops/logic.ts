import type { Tensor } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import type { Operand } from './arithmetic.js';

type Comparison = (a: Operand, b: Operand) => Tensor;

/** A comparison is flat wherever it has a derivative; tfjs registers none for most, and then refuses the whole gradient. */
function comparison(compare: (a: Tensor, b: Tensor) => Tensor): Comparison {
  return (a, b) =>
    tf.tidy(() =>
      tf.customGrad((left, right) => {
        const [x, y] = [left as Tensor, right as Tensor];
        const shapes = [x.shape, y.shape]; // not the tensors: they may be gone when the gradient is asked for
        return { value: compare(x, y), gradFunc: () => shapes.map((shape) => tf.zeros(shape)) };
      })(tensor(a), tensor(b)),
    );
}

export const equal: Comparison = comparison((a, b) => tf.equal(a, b));
export const notEqual: Comparison = comparison((a, b) => tf.notEqual(a, b));
export const less: Comparison = comparison((a, b) => tf.less(a, b));
export const lessEqual: Comparison = comparison((a, b) => tf.lessEqual(a, b));
export const greater: Comparison = comparison((a, b) => tf.greater(a, b));
export const greaterEqual: Comparison = comparison((a, b) => tf.greaterEqual(a, b));

export const and = (a: Tensor, b: Tensor): Tensor => tf.tidy(() => tf.logicalAnd(bool(a), bool(b)));
export const or = (a: Tensor, b: Tensor): Tensor => tf.tidy(() => tf.logicalOr(bool(a), bool(b)));
export const not = (x: Tensor): Tensor => tf.tidy(() => tf.logicalNot(bool(x)));

/** `a` where the condition holds, else `b`; all three broadcast. */
export function where(condition: Tensor, a: Operand, b: Operand): Tensor {
  return tf.tidy(() => tf.where(bool(condition), tensor(a), tensor(b)));
}

/** x with 0 where the condition holds. */
export function zero(x: Tensor, condition: Tensor): Tensor {
  return tf.tidy(() => tf.where(bool(condition), tf.zerosLike(x), x));
}

function tensor(x: Operand): Tensor {
  return typeof x === 'number' ? tf.scalar(x) : x;
}

/** tfjs takes bool only; 0/1 masks come as ints or floats too. */
function bool(x: Tensor): Tensor {
  return x.dtype === 'bool' ? x : tf.cast(x, 'bool');
}
