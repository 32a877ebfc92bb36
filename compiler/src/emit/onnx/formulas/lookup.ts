import type { Expression } from '../../../graph/graph.js';
import type { Value } from '../builder.js';
import type { Ops } from '../ops.js';
import { canonical, difference, product, type Size, sameSize } from '../sizes.js';
import {
  axes,
  type FormulaContext,
  type FormulaNumber,
  type FormulaValue,
  isScalar,
  type LookupExpression,
} from './context.js';
import { as } from './elementwise.js';

/** How a lookup's indices are evaluated, and its result kept. */
interface Around {
  readonly index: (index: Expression) => FormulaNumber;
  readonly once: (make: () => Value) => Value;
}

/**
 * Elements of a value at indices that are formulas, as [b, h, q, k]; with one index fewer than axes, vectors
 * [b, h, q, k, d]. An index outside reads the nearest element: it can only stand where the mask hides it.
 */
export function lookup(expression: LookupExpression, context: FormulaContext, around: Around): FormulaValue {
  const table = context.value(expression.value);
  const lead = expression.batched ? 1 : 0;
  const sizes = table.shape.slice(lead);
  const isVector = expression.indices.length === sizes.length - 1;
  if (!isVector && expression.indices.length !== sizes.length)
    throw new Error(`${expression.indices.length} indices into a value of ${sizes.length} axes`);
  const source: Source = { table, lead, sizes, isVector };
  const read = (): Value => {
    const indices = expression.indices.map((index, i) => indexOf(index, sizes[i]!, context, around));
    return apart(indices) ? byAxis(source, indices, context) : byNumber(source, indices, context);
  };
  const value = around.once(read);
  return isVector ? { vector: value } : value;
}

interface Source {
  readonly table: Value;
  /** 1 where the first axis is the batch. */
  readonly lead: 0 | 1;
  readonly sizes: readonly Size[];
  readonly isVector: boolean;
}

interface Index {
  /** A place on the table's axis, int64 [] or [b, h, q, k]; `undefined`: the axis as it is. */
  readonly places: Value | undefined;
  /** Axes of the formula that the places depend on. */
  readonly axes: readonly number[];
}

function indexOf(index: Expression, size: Size, context: FormulaContext, around: Around): Index {
  if (typeof index === 'object' && index.kind === 'axis' && spans(index.axis, size, context))
    return { places: undefined, axes: [axes[index.axis]] };
  const value = around.index(index);
  if (isScalar(value) && typeof size === 'number') {
    const place = Math.min(Math.max(Math.round(Number(value)), 0), size - 1);
    return { places: context.ops.scalar(place, 'int64'), axes: [] };
  }
  const places = inside(context.ops, value, size);
  return { places, axes: places.shape.flatMap((length, axis) => (length === 1 ? [] : [axis])) };
}

/** The axis of the table is the axis of the formula. */
function spans(axis: keyof typeof axes, size: Size, { heads, queries, keys, start }: FormulaContext): boolean {
  if (axis === 'query') return start === 0 && sameSize(size, queries);
  return sameSize(size, axis === 'head' ? heads : keys);
}

/** The nearest whole number within the axis. */
function inside(ops: Ops, value: FormulaNumber, size: Size): Value {
  // ∞ is no whole number: it is cut before, what is not a number after.
  const isReal = !isScalar(value) && (value.type === 'float' || value.type === 'double');
  const whole = isReal
    ? ops.unary('Round', cut(ops, value, size))
    : isScalar(value)
      ? Math.round(Number(value))
      : value;
  return cut(ops, as(ops, whole, 'int64'), size);
}

function cut(ops: Ops, x: Value, size: Size): Value {
  const last =
    typeof size === 'number' ? ops.scalar(size - 1, x.type) : ops.cast(ops.size(difference(size, 1)), x.type);
  return ops.builder.node('Clip', [x, ops.scalar(0, x.type), last], { type: x.type, shape: x.shape });
}

/** No two indices depend on the same axis, none on the batch. */
function apart(indices: readonly Index[]): boolean {
  const all = indices.flatMap((index) => index.axes);
  return new Set(all).size === all.length && !all.includes(0);
}

/** One axis of the table after the other, then the axes in the formula's order. */
function byAxis({ table, lead, isVector }: Source, indices: readonly Index[], { ops }: FormulaContext): Value {
  let value = table;
  const order: number[] = [];
  for (const { places, axes: own } of indices) {
    if (places) {
      const squeezed = places.shape.flatMap((_, axis) => (own.includes(axis) ? [] : [axis]));
      const numbers = squeezed.length > 0 ? ops.squeeze(places, squeezed) : places;
      value = ops.gather(value, numbers, lead + order.length);
    }
    order.push(...own);
  }
  const sorted = [...order].sort((a, b) => a - b);
  const permutation = sorted.map((axis) => lead + order.indexOf(axis));
  const head = lead === 1 ? [0] : [];
  const tail = isVector ? [lead + order.length] : [];
  const turned = ops.transpose(value, [...head, ...permutation, ...tail]);
  const missing = [0, 1, 2, 3].filter((axis) => !sorted.includes(axis) && !(axis === 0 && lead === 1));
  return missing.length > 0 ? ops.unsqueeze(turned, missing) : turned;
}

/** By numbers of elements in the whole table. */
function byNumber(source: Source, indices: readonly Index[], context: FormulaContext): Value {
  const { table, lead, sizes, isVector } = source;
  const { ops } = context;
  const used = sizes.slice(0, indices.length);
  const rows = product(...used);
  let flat: Value | undefined;
  indices.forEach((index, i) => {
    const places = index.places ?? axisPlaces(index, used[i]!, ops);
    flat = flat ? ops.add(ops.multiply(flat, ops.size(used[i]!)), places) : places;
  });
  const batch = table.shape[0]!;
  if (lead === 1 && batch !== 1) {
    const first = ops.multiply(ops.range(0, batch), ops.size(rows));
    flat = ops.add(flat!, ops.unsqueeze(first, [1, 2, 3]));
  }
  const count = canonical(lead === 1 ? product(batch, rows) : rows);
  const flatTable = ops.reshape(table, isVector ? [count, sizes.at(-1)!] : [count]);
  return ops.gather(flatTable, flat!);
}

function axisPlaces({ axes: [axis] }: Index, size: Size, ops: Ops): Value {
  return ops.unsqueeze(
    ops.range(0, size),
    [0, 1, 2, 3].filter((other) => other !== axis),
  );
}
