import type { Tensor } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import type { FormulaContext } from '../../formula/context.js';
import { tensorsOf } from '../../formula/tensors.js';
import { size } from '../shapes.js';
import type { Attention } from './problem.js';

/** Attention without a batch entry, a query or a key: zeros [B, Tq, H, d_v], whose gradients are 0. No kernel takes empty tensors. */
export function attendToNothing(of: Attention, { batch, queries, heads, keys, scope }: FormulaContext): Tensor {
  const { query, memory, sinks, mask, scores } = of;
  if (scope?.recording) scope.recordAttention(tf.zeros([batch, heads, queries, keys]));
  const tables = tensorsOf([mask, ...scores]).filter(({ dtype }) => dtype === 'float32');
  const inputs = [query, memory.key, memory.value, sinks, ...tables].filter((tensor) => tensor !== undefined);
  const zeros = tf.customGrad((...given) => ({
    value: tf.zeros([batch, queries, heads, size(memory.value, 3)]),
    gradFunc: () => (given.slice(0, -1) as Tensor[]).map(({ shape }) => tf.zeros(shape)),
  }));
  return zeros(...inputs);
}
