import type { Tensor } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import { range } from '../shapes.js';

/**
 * softmax over the keys and one more logit per head that reads no value: scores [B, H, Tq, Tk], sinks [H] → probabilities
 * of the keys [B, H, Tq, Tk], which add up to less than 1.
 */
export function withSinks(scores: Tensor, sinks: Tensor): Tensor {
  const [batch, heads, queries, keys] = scores.shape as [number, number, number, number];
  const column = tf.tile(tf.reshape(sinks, [1, heads, 1, 1]), [batch, 1, queries, 1]);
  return range(tf.softmax(tf.concat([scores, column], 3)), 3, 0, keys);
}
