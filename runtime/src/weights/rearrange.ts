import { applyStep, shapeAfter } from './steps.js';

/** The shape after `axes(pattern)`, `b c y x -> b y x c`; a text says why the pattern does not fit. */
export function rearrangedShape(pattern: string, shape: readonly number[]): readonly number[] | string {
  return shapeAfter({ kind: 'axes', pattern }, shape);
}

/** The elements of a tensor of this shape in the order of `axes(pattern)`, which fits. */
export function rearranged(pattern: string, values: Float32Array, shape: readonly number[]): Float32Array {
  return applyStep({ kind: 'axes', pattern }, values, shape);
}
