import type { Tensor } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import { reshaped } from '../lazy/operators.js';
import { product } from './linear.js';
import { describe, misfit, size } from './shapes.js';

/** The matrix product over the last two axes; leading axes are equal, or one side is a plain matrix. */
export function matmul(a: Tensor, b: Tensor): Tensor {
  if (size(a, -1) !== size(b, -2)) throw misfit('matmul', `${describe(a)} times ${describe(b)}`);
  // tfjs's gradient of a product whose batches broadcast is wrong, so such products are made plain first.
  if (b.rank === 2 && a.rank > 1) return product(a, b);
  const batch = (a.rank > b.rank ? a : b).shape.slice(0, -2);
  return tf.tidy(() => tf.matMul(withBatch(a, batch), withBatch(b, batch)));
}

/** The last two axes exchanged. */
export function transpose(x: Tensor): Tensor {
  const axes = x.shape.map((_, axis) => axis);
  return tf.transpose(x, [...axes.slice(0, -2), x.rank - 1, x.rank - 2]);
}

export function reshape(x: Tensor, { shape }: { readonly shape: readonly number[] }): Tensor {
  return reshaped(x, shape);
}

/** x repeated along leading axes that it lacks or has with size 1. */
function withBatch(x: Tensor, batch: readonly number[]): Tensor {
  const own = [...Array<number>(batch.length + 2 - x.rank).fill(1), ...x.shape];
  const repeats = batch.map((n, axis) => (own[axis] === n ? 1 : n));
  const wide = own.length === x.rank ? x : tf.reshape(x, own);
  return repeats.every((n) => n === 1) ? wide : tf.tile(wide, [...repeats, 1, 1]);
}
