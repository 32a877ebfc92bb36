import type { Tensor } from '@tensorflow/tfjs';
import { once, type Position } from '../ops/context.js';
import { TableCache } from '../ops/tables.js';
import { guarded, type StepArray, stepTensor } from '../replay/tracking.js';
import type { FormulaContext } from './context.js';
import { type Formula, formulaKey, usesAxis } from './formula.js';
import { type Groups, placesOf } from './groups.js';
import { evaluateStatic, type StaticValues } from './static.js';

/** The part of a context that decides the values of a static formula. */
export type StaticContext = Pick<FormulaContext, 'batch' | 'heads' | 'queries' | 'keys' | 'start' | 'groups' | 'scope'>;

/** Values [b, h, q, k] of a static formula; b is 1 unless rows of the batch have their own positions. */
export interface StaticTable {
  readonly shape: readonly [number, number, number, number];
  readonly values: Float32Array;
  /** How many numbers: what the table counts for in the cache. */
  readonly length: number;
}

/** 16 million numbers: a causal mask of 4,096 tokens fits once. */
const tables = new TableCache<StaticTable>(16_800_000);

/** A static formula as a tensor that broadcasts to [B, H, Tq, Tk]; made once in a pass, its numbers once for a size. */
export function staticTensor(of: Formula, context: StaticContext): Tensor {
  return once(context.scope, `formula ${staticKey(of, context)}`, () => {
    return tableTensor(of, context, 'float32', ({ values }) => values);
  });
}

/** Numbers made of the values of a static formula, one of each, as a tensor [b, h, q, k]. */
export function tableTensor(
  of: Formula,
  context: StaticContext,
  dtype: 'float32' | 'int32',
  numbers: (table: StaticTable) => StepArray,
): Tensor {
  return stepTensor({
    make: () => numbers(staticTable(of, context)),
    shape: tableShape(of, context),
    dtype,
  });
}

export function staticTable(of: Formula, context: StaticContext): StaticTable {
  return tables.get(`${sizesKey(of, context)} ${String(positionFor(of, context))}`, () => makeTable(of, context));
}

/** Where the queries begin, which only a formula that looks at them reads. */
function positionFor(of: Formula, { start }: StaticContext): Position {
  return usesAxis(of, 'query') ? start.read() : 0;
}

/** Equal for equal values in one pass: structure, sizes, where the queries begin. */
export function staticKey(of: Formula, context: StaticContext): string {
  return `${sizesKey(of, context)} ${context.start.name}`;
}

function sizesKey(of: Formula, { batch, heads, queries, keys, groups }: StaticContext): string {
  const sizes = `${formulaKey(of)} ${heads} ${queries} ${keys}`;
  return groups ? `${sizes} ${batch} ${groups.key}` : sizes;
}

/** The shape of a static formula's table. */
export function tableShape(of: Formula, context: StaticContext): StaticTable['shape'] {
  const { heads, queries, keys, start, groups } = context;
  if (groups) return staticTable(of, context).shape;
  const batch = usesAxis(of, 'query') ? guarded(() => entriesOf(start.read())) : 1;
  const size = (axis: 'head' | 'query' | 'key', count: number) => (usesAxis(of, axis) ? count : 1);
  return [batch, size('head', heads), size('query', queries), size('key', keys)];
}

/** How many entries of the batch have a position of their own; 1 where all have one. */
function entriesOf(position: Position): number {
  return typeof position === 'number' ? 1 : position.length;
}

function makeTable(of: Formula, context: StaticContext): StaticTable {
  if (context.groups) return tableOfGroups(of, context, context.groups);
  const { heads, queries, keys } = context;
  const position = positionFor(of, context);
  const starts = typeof position === 'number' ? [position] : position;
  const keyPositions = Array.from({ length: keys }, (_, k) => k);
  const slices = starts.map((from) => {
    return evaluateStatic(of, {
      heads,
      queries: Array.from({ length: queries }, (_, q) => from + q),
      keys: keyPositions,
    });
  });
  return stacked(slices);
}

/** Of each group its own values; of all together, where they are the same. */
function tableOfGroups(of: Formula, { heads, batch }: StaticContext, groups: Groups): StaticTable {
  const slices = groups.places.map((_, g) => {
    const places = placesOf(groups, g);
    return evaluateStatic(of, { heads, queries: places, keys: places });
  });
  const [first] = slices as [StaticValues];
  const isOne = slices.every(({ values }) => values.every((value, i) => Object.is(value, first.values[i])));
  if (isOne) return stacked([first]);
  return stacked(Array.from({ length: batch / groups.places.length }, () => slices).flat());
}

function stacked(slices: readonly StaticValues[]): StaticTable {
  const { shape, values } = slices[0]!;
  if (slices.length === 1) return { shape: [1, ...shape], values, length: values.length };
  const all = new Float32Array(slices.length * values.length);
  slices.forEach((slice, b) => {
    all.set(slice.values, b * values.length);
  });
  return { shape: [slices.length, ...shape], values: all, length: all.length };
}
