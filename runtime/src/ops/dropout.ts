import type { Tensor } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import { counterMask, maskAt } from '../kernels/counter-mask.js';
import type { OperatorScope } from './context.js';

export interface DropoutOptions {
  /** Share of the elements that become zero. */
  readonly rate: number;
}

/**
 * In training every element becomes zero with probability `rate` and is divided by 1 − rate otherwise
 * (Srivastava et al. 2014, in the inverted form); else x itself.
 */
export function dropout(x: Tensor, { rate }: DropoutOptions, scope: OperatorScope): Tensor {
  if (!scope.training || rate === 0) return x;
  return tf.tidy(() => tf.mul(x, tf.tensor(dropoutMask(x.size, rate, scope.dropoutSeed()), x.shape)));
}

/** 0 or 1 / (1 − rate) for each of `size` elements. */
export function dropoutMask(size: number, rate: number, seed: number): Float32Array {
  const of = counterMask(rate, seed);
  const mask = new Float32Array(size);
  for (let i = 0; i < size; i++) mask[i] = maskAt(of, i);
  return mask;
}
