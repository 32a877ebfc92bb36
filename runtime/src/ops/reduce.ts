import type { Tensor } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import { type AxisName, axisOf } from './shapes.js';

export interface AxisOptions {
  /** Default `features`, the last axis; `sequence` is the one after the batch. */
  readonly axis?: AxisName | undefined;
}

export function mean(x: Tensor, { axis }: AxisOptions = {}): Tensor {
  return tf.mean(x, axisOf(x, axis));
}

export function sum(x: Tensor, { axis }: AxisOptions = {}): Tensor {
  return tf.sum(x, axisOf(x, axis));
}

/** Index of the largest element, int32; the first of equal ones. */
export function argmax(x: Tensor, { axis }: AxisOptions = {}): Tensor {
  return tf.argMax(x, axisOf(x, axis));
}
