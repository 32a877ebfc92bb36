import type { Tensor } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import { type AxisName, axisOf } from './shapes.js';

export interface AxisOptions {
  /** Default `features`, the last axis; `sequence` is the one after the batch. */
  readonly axis?: AxisName | undefined;
}

export interface ReduceOptions extends AxisOptions {
  /** The axis stays, with size 1. Default false. */
  readonly keep?: boolean | undefined;
}

export function mean(x: Tensor, { axis, keep }: ReduceOptions = {}): Tensor {
  return tf.mean(x, axisOf(x, axis), keep);
}

export function sum(x: Tensor, { axis, keep }: ReduceOptions = {}): Tensor {
  return tf.sum(x, axisOf(x, axis), keep);
}

/** Index of the largest element, int32; the first of equal ones. */
export function argmax(x: Tensor, { axis }: AxisOptions = {}): Tensor {
  return tf.argMax(x, axisOf(x, axis));
}
