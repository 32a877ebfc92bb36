import type { Tensor } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';

/** An operand of elementwise arithmetic; axes broadcast from the right. */
export type Operand = Tensor | number;

export const add = (a: Operand, b: Operand): Tensor => tf.add(a, b);
export const subtract = (a: Operand, b: Operand): Tensor => tf.sub(a, b);
export const multiply = (a: Operand, b: Operand): Tensor => tf.mul(a, b);
/** Real division. */
export const divide = (a: Operand, b: Operand): Tensor => tf.tidy(() => tf.div(real(a), real(b)));
export const power = (a: Operand, b: Operand): Tensor => tf.pow(a, b);
export const minimum = (a: Operand, b: Operand): Tensor =>
  broadcasts(a, b) ? chosen(tf.minimum, a, b) : tf.minimum(a, b);
export const maximum = (a: Operand, b: Operand): Tensor =>
  broadcasts(a, b) ? chosen(tf.maximum, a, b) : tf.maximum(a, b);
export const negate = (x: Tensor): Tensor => tf.neg(x);

export const exp = (x: Tensor): Tensor => tf.exp(x);
export const log = (x: Tensor): Tensor => tf.log(x);
export const sqrt = (x: Tensor): Tensor => tf.sqrt(x);
export const abs = (x: Tensor): Tensor => tf.abs(x);

/** x, not below `low` and not above `high`. */
export function clamp(x: Tensor, { low, high }: { readonly low: number; readonly high: number }): Tensor {
  return tf.clipByValue(x, low, high);
}

/** tfjs divides two int32 tensors into an int32 tensor. */
function real(x: Operand): Operand {
  return typeof x === 'number' || x.dtype === 'float32' ? x : tf.cast(x, 'float32');
}

function broadcasts(a: Operand, b: Operand): boolean {
  return typeof a !== 'number' && typeof b !== 'number' && !tf.util.arraysEqual(a.shape, b.shape);
}

/** tfjs's gradient of the smaller or larger of two does not add up over axes that broadcast; addition's does. */
function chosen(choose: (a: Operand, b: Operand) => Tensor, a: Operand, b: Operand): Tensor {
  return tf.tidy(() => {
    const zeros = tf.zeros(tf.broadcast_util.assertAndGetBroadcastShape(shape(a), shape(b)));
    return choose(tf.add(a, zeros), tf.add(b, zeros));
  });
}

function shape(x: Operand): number[] {
  return typeof x === 'number' ? [] : x.shape;
}
