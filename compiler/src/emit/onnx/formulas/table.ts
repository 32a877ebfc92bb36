import { evaluate } from '../../../algebra/evaluate.js';
import { walk } from '../../../algebra/walk.js';
import type { Expression } from '../../../graph/graph.js';
import type { Value } from '../builder.js';
import type { ElementType } from '../model.js';
import type { Ops } from '../ops.js';
import type { Size } from '../sizes.js';
import type { axes, FormulaContext, Scalar } from './context.js';

/** Values [1, h, q, k] that the compiler knows. */
export interface Table {
  readonly shape: readonly number[];
  readonly values: readonly Scalar[];
}

/** Larger tables are computed in the graph. */
const most = 4096;

/** The values of a formula of positions in a range that the compiler knows: slopes of heads, a mask of 49 patches. */
export function tabulate(expression: Expression, context: FormulaContext): Table | undefined {
  const used = axesOf(expression);
  if (!used || (used.has('query') && context.start !== 0)) return undefined;
  const sizes: Readonly<Record<keyof typeof axes, Size>> = {
    head: context.heads,
    query: context.queries,
    key: context.keys,
  };
  const shape = [1, ...(['head', 'query', 'key'] as const).map((axis) => (used.has(axis) ? sizes[axis] : 1))];
  if (!shape.every((size) => typeof size === 'number')) return undefined;
  const [, heads = 1, queries = 1, keys = 1] = shape;
  if (heads * queries * keys > most) return undefined;
  const values: Scalar[] = [];
  for (let head = 0; head < heads; head++)
    for (let query = 0; query < queries; query++)
      for (let key = 0; key < keys; key++) {
        const value = evaluate(expression, { axes: { head, query, key } });
        if (typeof value !== 'number' && typeof value !== 'boolean') return undefined;
        values.push(value);
      }
  return { shape, values };
}

/** The axes that a formula of positions alone reads; `undefined` where it reads anything else, or none. */
function axesOf(expression: Expression): ReadonlySet<keyof typeof axes> | undefined {
  const used = new Set<keyof typeof axes>();
  for (const part of walk(expression)) {
    if (typeof part !== 'object') continue;
    if (part.kind === 'axis') used.add(part.axis);
    else if (part.kind !== 'operator' && part.kind !== 'constant' && part.kind !== 'list') return undefined;
    // Formulas round halves to even, sizes of a configuration round them up.
    else if (part.kind === 'operator' && part.operator === 'round') return undefined;
  }
  return used.size > 0 ? used : undefined;
}

const numbers = new WeakMap<Value, readonly number[]>();

/** A constant of the narrowest type: bool, int64, double. */
export function constantOf({ shape, values }: Table, ops: Ops): Value {
  const known = values.map(Number);
  const type: ElementType = values.every((value) => typeof value === 'boolean')
    ? 'bool'
    : known.every(isWhole)
      ? 'int64'
      : 'double';
  const value = ops.builder.constant(type, shape, known);
  numbers.set(value, known);
  return value;
}

/** A constant made here, of another type; `undefined` for other values. */
export function constantAs(value: Value, type: ElementType, ops: Ops): Value | undefined {
  const known = numbers.get(value);
  return known && type !== 'bool' && type !== 'int64'
    ? ops.builder.constant(type, value.shape as readonly number[], known)
    : undefined;
}

export const isWhole = (value: number): boolean => Number.isInteger(value) && Math.abs(value) < 2 ** 31;
