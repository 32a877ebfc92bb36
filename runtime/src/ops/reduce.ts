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

/** At each position `start` and the rows up to it together, [B, T, ..]; of conditions how many hold, int32. */
export function runningSum(x: Tensor, { start = 0 }: { readonly start?: number } = {}): Tensor {
  return tf.tidy(() => {
    // Not every backend sums whole numbers, and tfjs has the gradient right along the last axis alone.
    const order = x.shape.map((_, axis) => (axis === 1 ? x.rank - 1 : axis === x.rank - 1 ? 1 : axis));
    const turned = (of: Tensor): Tensor => (x.rank === 2 ? of : tf.transpose(of, order));
    const sums = turned(tf.cumsum(turned(tf.cast(x, 'float32')), x.rank - 1));
    const all = start === 0 ? sums : tf.add(sums, start);
    return x.dtype === 'float32' ? all : tf.cast(all, 'int32');
  });
}

/** Index of the largest element, int32; the first of equal ones. */
export function argmax(x: Tensor, { axis }: AxisOptions = {}): Tensor {
  return tf.argMax(x, axisOf(x, axis));
}
