import type { Tensor } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import type { AttentionDropout } from '../../kernels/attributes.js';
import { counterMask, maskAt } from '../../kernels/counter-mask.js';

/** Probabilities [B, H, Tq, Tk] after dropout; themselves without. */
export function droppedProbabilities(probabilities: Tensor, dropout: AttentionDropout | undefined): Tensor {
  if (!dropout) return probabilities;
  const [, , queries, keys] = probabilities.shape as [number, number, number, number];
  const of = counterMask(dropout.rate, dropout.seed);
  const mask = new Float32Array(probabilities.size);
  for (let i = 0; i < mask.length; i++) {
    const row = Math.floor(i / keys);
    const rowInAll = Math.floor(row / queries) * dropout.rows + dropout.from + (row % queries);
    mask[i] = maskAt(of, rowInAll * keys + (i % keys));
  }
  return tf.mul(probabilities, tf.tensor(mask, probabilities.shape));
}
