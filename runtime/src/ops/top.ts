import type { Tensor } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import { hasKernel } from '../kernels/fused.js';
import { runKernels } from '../kernels/projection.js';
import { flat } from './logic.js';
import { describe, matrix, misfit, size, view, withFeatures } from './shapes.js';

export interface TopOptions {
  /** How many of the features. */
  readonly count: number;
}

/** The `count` largest features of each row, falling: [.., features] → [.., count]. */
export function topValues(x: Tensor, { count }: TopOptions): Tensor {
  checkCount('top_values', x, count);
  const features = size(x, -1);
  return tf.tidy(() => {
    const largest = tf.customGrad((rows, save) => {
      const { values, indices } = tf.topk(rows as Tensor, count);
      (save as tf.GradSaveFunc)([indices]);
      // Each number goes back to where it came from.
      const gradFunc = (dy: Tensor, [places]: Tensor[]): Tensor =>
        tf.sum(tf.mul(spread(places!, features), tf.expandDims(dy, -1)), 1);
      return { value: values, gradFunc };
    });
    return view(largest(matrix(x)), withFeatures(x, count));
  });
}

/**
 * Whether each feature is among the `count` largest of its row, bool [.., features]; of equal ones the first are.
 * Nothing is learned through the choice.
 */
export function inTop(x: Tensor, { count }: TopOptions): Tensor {
  checkCount('in_top', x, count);
  const stock = (rows: Tensor): Tensor => tf.greater(tf.sum(spread(tf.topk(rows, count).indices, size(x, -1)), 1), 0);
  const chosen = (rows: Tensor): Tensor =>
    hasKernel('TfmInTop', [rows]) ? runKernels('TfmInTop', [rows], { top: count })[0]! : stock(rows);
  return flat((input) => view(chosen(matrix(input!)), x.shape), [x]);
}

/** Indices [rows, n] as ones and zeros [rows, n, features]. Not by tf.oneHot, whose type is wrong on wasm and WebGPU. */
function spread(indices: Tensor, features: number): Tensor {
  const places = tf.equal(tf.expandDims(indices, -1), tf.range(0, features, 1, 'int32'));
  return tf.where(places, tf.ones(places.shape), tf.zeros(places.shape));
}

function checkCount(operator: string, x: Tensor, count: number): void {
  if (Number.isSafeInteger(count) && count >= 1 && count <= size(x, -1)) return;
  throw misfit(operator, `the ${count} largest of the features of ${describe(x)}`);
}
