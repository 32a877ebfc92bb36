import { print } from '../algebra/print.js';
import type { ScopedType } from './scope.js';

/** A type in the spec's own names: `float[B, T, width]`. */
export function printType({ type }: ScopedType): string {
  return `${type.dtype}[${type.shape.map((size) => print(size)).join(', ')}]`;
}
