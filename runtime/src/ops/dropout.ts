import type { Tensor } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
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

/**
 * 0 or 1 / (1 − rate) for each element. Counter-based: element i depends on the seed and on i only, so that a mask is
 * the same on every backend and in any order of evaluation.
 */
export function dropoutMask(size: number, rate: number, seed: number): Float32Array {
  const threshold = rate * 2 ** 32;
  const kept = 1 / (1 - rate);
  const mask = new Float32Array(size);
  const key = mix(seed ^ 0x9e3779b9);
  for (let i = 0; i < size; i++) if (mix(Math.imul(i, 0x9e3779b1) ^ key) >>> 0 >= threshold) mask[i] = kept;
  return mask;
}

/** A 32-bit mixing function with low bias (Chris Wellons' lowbias32). */
function mix(value: number): number {
  let x = value;
  x = Math.imul(x ^ (x >>> 16), 0x7feb352d);
  x = Math.imul(x ^ (x >>> 15), 0x846ca68b);
  return x ^ (x >>> 16);
}
