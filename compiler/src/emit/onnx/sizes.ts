import { add, call, equal, multiply, normalize, print, subtract, toExpression } from '../../algebra/index.js';
import type { Expression } from '../../graph/graph.js';

/** A size of a tensor: a number, or an expression of input dimensions: `B`, `T + 1`. */
export type Size = Expression;
export type Shape = readonly Size[];

/** The size in its canonical form, so that equal sizes are written alike. */
export function canonical(size: Size): Size {
  if (typeof size === 'number') return size;
  const form = normalize(size);
  return toExpression(form, form.atoms);
}

export function sum(...sizes: Size[]): Size {
  return canonical(sizes.reduce(add, 0));
}

export function difference(a: Size, b: Size): Size {
  return canonical(subtract(a, b));
}

export function product(...sizes: Size[]): Size {
  return canonical(sizes.reduce(multiply, 1));
}

/** `a / b` where b divides a. */
export function quotient(a: Size, b: Size): Size {
  return canonical(call('divide', a, b));
}

export function sameSize(a: Size, b: Size): boolean {
  return typeof a === 'number' && typeof b === 'number' ? a === b : equal(a, b);
}

export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((size, axis) => sameSize(size, b[axis]!));
}

/** The shape that two operands have together. Sizes that differ in writing are equal, or the checker would have said so. */
export function broadcast(a: Shape, b: Shape): Shape {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, axis) => {
    const left = a[axis - rank + a.length] ?? 1;
    const right = b[axis - rank + b.length] ?? 1;
    return left === 1 || (right !== 1 && typeof right === 'number') ? right : left;
  });
}

/** `dim_value` or `dim_param`. */
export function printSize(size: Size): number | string {
  return typeof size === 'number' ? size : print(size);
}

/** The axis counted from the front: −1 is the last. */
export function axisOf(shape: Shape, axis: number): number {
  return axis < 0 ? shape.length + axis : axis;
}

export function known(shape: Shape): shape is readonly number[] {
  return shape.every((size) => typeof size === 'number');
}
