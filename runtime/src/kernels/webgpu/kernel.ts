import type { TensorInfo } from '@tensorflow/tfjs';
import type { GpuBackend } from './backend.js';
import type { ElementType } from './declarations.js';
import type { Operand } from './dispatch.js';
import { activeRecorder } from './recorder.js';

/**
 * A fused operator on the device. Operands are float32 and not empty; the absent ones are `undefined`. Results are new
 * tensors, so that no operand can overlap them.
 */
export type WebGpuKernel<Attributes> = (
  operands: readonly (TensorInfo | undefined)[],
  attributes: Attributes,
  backend: GpuBackend,
) => TensorInfo | TensorInfo[];

/** Runs a kernel, and lets whoever records a step know. */
export function runKernel<Attributes>(
  run: WebGpuKernel<Attributes>,
  operands: readonly (TensorInfo | undefined)[],
  attributes: Attributes,
  backend: GpuBackend,
): TensorInfo | TensorInfo[] {
  const recorder = activeRecorder();
  return recorder ? recorder.kernel(run, operands, attributes) : run(operands, attributes, backend);
}

export function countOf(shape: readonly number[]): number {
  return shape.reduce((product, n) => product * n, 1);
}

/** Rows of a tensor seen as a matrix of its last axis, and their width. */
export function rowsOf({ shape }: TensorInfo): { readonly rows: number; readonly width: number } {
  const width = shape.at(-1) ?? 1;
  return { rows: countOf(shape) / width, width };
}

/** Rows of `width` numbers: read and written four at a time where that fits. */
export function rowsOperand(of: TensorInfo, width: number): Operand & { readonly of: TensorInfo } {
  return { of, as: vectorType(width) };
}

export function vectorType(width: number): ElementType {
  return width % 4 === 0 ? 'vec4f' : 'f32';
}

/** Elements of such an array in so many numbers of whole rows. */
export function elementsOf(numbers: number, width: number): number {
  return width % 4 === 0 ? numbers / 4 : numbers;
}

/** The operands that are present, by their names. */
export function present(all: Readonly<Record<string, Operand | undefined>>): Readonly<Record<string, Operand>> {
  const some = Object.entries(all).filter((entry): entry is [string, Operand] => entry[1] !== undefined);
  return Object.fromEntries(some);
}

export const mostWorkgroups = 65_535; // on one axis, on every device

/** So many workgroups, on two axes where one is too short; `workgroupIndex` of vectors.ts is their number. */
export function workgroupsFor(count: number): [number, number, number] {
  const x = Math.min(count, mostWorkgroups);
  return [x, Math.ceil(count / x), 1];
}
