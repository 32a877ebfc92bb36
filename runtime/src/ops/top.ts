import type { Tensor } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import { flat } from './logic.js';
import { describe, misfit, size } from './shapes.js';

export interface TopOptions {
  /** How many of the features. */
  readonly count: number;
}

/** The `count` largest features of each row, falling: [.., features] → [.., count]. */
export function topValues(x: Tensor, { count }: TopOptions): Tensor {
  checkCount('top_values', x, count);
  const features = size(x, -1);
  return tf.tidy(() =>
    tf.customGrad((input, save) => {
      const { values, indices } = tf.topk(input as Tensor, count);
      (save as tf.GradSaveFunc)([indices]);
      return {
        value: values,
        // Each number goes back to where it came from.
        gradFunc: (dy: Tensor, [places]: Tensor[]) =>
          tf.sum(tf.mul(spread(places!, features), tf.expandDims(dy, -1)), -2),
      };
    })(x),
  );
}

/**
 * Whether each feature is among the `count` largest of its row, bool [.., features]; of equal ones the first are.
 * Nothing is learned through the choice.
 */
export function inTop(x: Tensor, { count }: TopOptions): Tensor {
  checkCount('in_top', x, count);
  return flat((input) => tf.cast(tf.sum(spread(tf.topk(input!, count).indices, size(x, -1)), -2), 'bool'), [x]);
}

/** Indices [.., n] as ones and zeros [.., n, features]. On wasm tfjs writes the bits of int32 whatever type is asked for. */
function spread(indices: Tensor, features: number): Tensor {
  if (features === 1) return tf.ones([...indices.shape, 1]); // tfjs refuses it
  return tf.cast(tf.oneHot(tf.cast(indices, 'int32'), features), 'float32');
}

function checkCount(operator: string, x: Tensor, count: number): void {
  if (Number.isSafeInteger(count) && count >= 1 && count <= size(x, -1)) return;
  throw misfit(operator, `the ${count} largest of the features of ${describe(x)}`);
}
