import type { TensorInfo } from '@tensorflow/tfjs';
import type { Heap } from './heap.js';

/**
 * A fused operator on tfjs's heap. Operands are float32 and not empty; the absent ones are `undefined`. Results are new
 * tensors, so that no operand can overlap them.
 */
export type WasmKernel<Attributes> = (
  operands: readonly (TensorInfo | undefined)[],
  attributes: Attributes,
  heap: Heap,
) => TensorInfo | TensorInfo[];

/** Rows of a tensor seen as a matrix of its last axis, and their width. */
export function rowsOf({ shape }: TensorInfo): { readonly rows: number; readonly width: number } {
  const width = shape.at(-1) ?? 1;
  return { rows: countOf(shape) / width, width };
}

export function countOf(shape: readonly number[]): number {
  return shape.reduce((product, n) => product * n, 1);
}
