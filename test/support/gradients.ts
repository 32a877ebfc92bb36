import type { Tensor } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import { read } from '../../runtime/src/index.js';
import { normal } from './cases/case.js';
import type { GradientCase } from './cases/gradients.js';
import { relativeError } from './compare.js';
import type { Nd } from './reference/array.js';

/** The relative errors of all gradients of a case against float64, after the memory of the results was poisoned. */
export async function gradientErrors({ inputs, run, shape, expected }: GradientCase): Promise<readonly number[]> {
  const dy = normal(shape, 99);
  const given = inputs.map(tensor);
  const above = tensor(dy);
  for (const { data } of inputs) poison(data.length);
  const gradients = tf.tidy(() => tf.grads((...x) => tf.sum(tf.mul(run(...x), above)))(given));
  const errors: number[] = [];
  for (const [i, of] of expected(dy).entries()) errors.push(relativeError(await read(gradients[i]!), of.data));
  tf.dispose([...given, above, ...gradients]);
  return errors;
}

function tensor({ shape, data }: Nd): Tensor {
  return tf.tensor(Float32Array.from(data), [...shape]);
}

/** Leaves NaN in the buffers that the next tensors of this size get. */
function poison(size: number): void {
  tf.dispose(Array.from({ length: 4 }, () => tf.fill([size], Number.NaN)));
}
