import type { Expression, ValueId } from '../../../graph/graph.js';
import type { Value } from '../builder.js';
import type { Ops } from '../ops.js';
import { canonical, type Size } from '../sizes.js';

export type OperatorExpression = Extract<Expression, { readonly kind: 'operator' }>;
export type LookupExpression = Extract<Expression, { readonly kind: 'lookup' }>;

/** What the leaves of a formula stand for in one attention, or in one elementwise function. */
export interface FormulaContext {
  readonly ops: Ops;
  /** Values that are looked up. */
  readonly value: (id: ValueId) => Value;
  /** The error for a construct that has no nodes. */
  readonly unsupported: (construct: string) => Error;
  readonly batch: Size;
  /** Heads of the queries. */
  readonly heads: number;
  readonly queries: Size;
  readonly keys: Size;
  /** Absolute position of the first query, int64 []; keys begin at position 0. */
  readonly start: Value | 0;
  /** [B, H, Tq, Tk], or any shape that broadcasts to it; 0 where there are no products. */
  readonly score?: Value | 0 | undefined;
  /** [B, H, Tq, d_k] */
  readonly query?: Value | undefined;
  /** [B, G, Tk, d_k] */
  readonly key?: Value | undefined;
  /** Arguments of an elementwise function. */
  readonly elements?: readonly Value[] | undefined;
}

/** A number or truth that the compiler knows. */
export type Scalar = number | boolean;

/** One number for each [b, h, q, k]: known, or a value of which any of the four axes may have size 1. */
export type FormulaNumber = Scalar | Value;

/** A vector for each of them: [b, h, q, k, d]. */
export interface FormulaVector {
  readonly vector: Value;
}

export type FormulaValue = FormulaNumber | FormulaVector;

export const isVector = (value: FormulaValue): value is FormulaVector => typeof value === 'object' && 'vector' in value;

export const isScalar = (value: FormulaValue): value is Scalar => typeof value !== 'object';

/** The axes of a formula's values. */
export const axes = { head: 1, query: 2, key: 3 } as const;

/** Equal where positions, heads and rows are the same. */
export function contextKey({ batch, heads, queries, keys, start }: FormulaContext): string {
  return JSON.stringify([canonical(batch), heads, canonical(queries), canonical(keys), start === 0 ? 0 : start.name]);
}
