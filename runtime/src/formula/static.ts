import { TfmError } from '../errors.js';
import { type Formula, usesAxis } from './formula.js';
import { onNumbers } from './numbers.js';

/** The axes that a static formula is evaluated over. */
export interface StaticAxes {
  readonly heads: number;
  /** Absolute positions of the queries and of the keys. */
  readonly queries: ArrayLike<number>;
  readonly keys: ArrayLike<number>;
}

/** Values [heads, queries, keys], row by row; an axis that the formula does not use has size 1. */
export interface StaticValues {
  readonly shape: readonly [number, number, number];
  readonly values: Float32Array;
}

/** A formula of positions alone, in plain numbers; row by row, so that what does not depend on the key is computed once. */
export function evaluateStatic(of: Formula, { heads, queries, keys }: StaticAxes): StaticValues {
  const shape = [
    usesAxis(of, 'head') ? heads : 1,
    usesAxis(of, 'query') ? queries.length : 1,
    usesAxis(of, 'key') ? keys.length : 1,
  ] as const;
  const [h, q, k] = shape;
  const row = Float64Array.from(keys);
  const values = new Float32Array(h * q * k);
  for (let head = 0; head < h; head++)
    for (let query = 0; query < q; query++) {
      const result = evaluateRow(of, head, queries[query] ?? 0, row);
      const start = (head * q + query) * k;
      if (typeof result === 'number') values.fill(result, start, start + k);
      else values.set(result, start);
    }
  return { shape, values };
}

/** A number, or one for each key. */
type Row = number | Float64Array;

function evaluateRow(of: Formula, head: number, query: number, keys: Float64Array): Row {
  if (of.kind === 'constant') return Number(of.value);
  if (of.kind === 'axis') return of.axis === 'key' ? keys : of.axis === 'query' ? query : head;
  if (of.kind !== 'operator' || of.operator === 'dot')
    throw new TfmError('TFM5406', 'a formula with tensors was asked for its values at positions alone');
  const apply = onNumbers[of.operator];
  const operands = of.operands.map((operand) => evaluateRow(operand, head, query, keys));
  if (operands.every((operand) => typeof operand === 'number')) return apply(...operands);
  // A number is an array of one that is read again and again: the loop has one form for all mixtures.
  const [a, b, c] = [0, 1, 2].map((i) => toArray(operands[i] ?? 0));
  const [stepA, stepB, stepC] = [a, b, c].map((values) => (values!.length === 1 ? 0 : 1));
  const row = new Float64Array(keys.length);
  for (let i = 0; i < row.length; i++) row[i] = apply(a![i * stepA!]!, b![i * stepB!]!, c![i * stepC!]!);
  return row;
}

function toArray(row: Row): Float64Array {
  return typeof row === 'number' ? Float64Array.of(row) : row;
}
