import type { Tensor, Tensor2D } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import { TfmError } from '../errors.js';
import { reshape } from '../kernels/reshape.js';

/** The size of an axis, negative from the end. */
export function size(x: Tensor, axis: number): number {
  return x.shape.at(axis) ?? 1;
}

/** `float[2, 3, 4]`, for messages. */
export function describe(x: Tensor): string {
  return `${x.dtype === 'float32' ? 'float' : x.dtype}[${x.shape.join(', ')}]`;
}

/** x as a matrix [rows, features]: all leading axes in one. */
export function matrix(x: Tensor): Tensor2D {
  const features = size(x, -1);
  return tf.reshape(x, [features === 0 ? 0 : x.size / features, features]);
}

/** The shape of x with another last axis. */
export function withFeatures(x: Tensor, features: number): number[] {
  return [...x.shape.slice(0, -1), features];
}

/** Another tensor of the same numbers: a clone, which on wasm would be a copy. */
export function alias(x: Tensor): Tensor {
  return reshape(x, x.shape);
}

/** x with a new view of its elements; the same tensor where the shape is the same already. */
export function view(x: Tensor, shape: number[]): Tensor {
  return x.shape.length === shape.length && x.shape.every((n, axis) => n === shape[axis]) ? x : reshape(x, shape);
}

/** The sequence axis of [B, T, ..]; of a vector its only one. */
export function sequenceAxis(x: Tensor): number {
  return x.rank > 1 ? 1 : 0;
}

/** `features` is the last axis, `sequence` the one after the batch. */
export type AxisName = 'features' | 'sequence';

export function axisOf(x: Tensor, name: AxisName = 'features'): number {
  return name === 'features' ? x.rank - 1 : sequenceAxis(x);
}

/** TFM5404: shapes that do not fit, in the operator's own words. */
export function misfit(operator: string, message: string, help?: string): TfmError {
  return new TfmError('TFM5404', `${operator}: ${message}`, help);
}

/** Rows `from` … `from + count − 1` of an axis. */
export function range(x: Tensor, axis: number, from: number, count: number): Tensor {
  if (from === 0 && count === x.shape[axis]) return x;
  const begin = x.shape.map((_, i) => (i === axis ? from : 0));
  const sizes = x.shape.map((n, i) => (i === axis ? count : n));
  return tf.slice(x, begin, sizes);
}
