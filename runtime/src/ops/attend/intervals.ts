import { f } from '../../formula/builders.js';
import type { FormulaContext } from '../../formula/context.js';
import type { Formula } from '../../formula/formula.js';
import type { Groups } from '../../formula/groups.js';
import type { KeyIntervals } from '../../kernels/attributes.js';
import { type Linear, linear, plus } from './linear.js';

/** A linear form that must be ≤ 0, or < 0 where `strict`. */
interface Inequality extends Linear {
  readonly strict: boolean;
}

/** A mask in two: inequalities, which leave each query an interval of keys, and what says more than that. */
export interface SplitMask {
  readonly inequalities: readonly Inequality[];
  readonly rest: Formula;
}

/** Causal, windows, prefixes and lengths are inequalities between q, k and numbers. */
export function splitMask(mask: Formula): SplitMask {
  const inequalities: Inequality[] = [];
  const others: Formula[] = [];
  for (const part of conjunctsOf(mask)) {
    const found = inequalitiesOf(part);
    if (found?.every(({ head }) => head === 0)) inequalities.push(...found);
    else others.push(part);
  }
  return { inequalities, rest: f.and(...others) };
}

export function conjunctsOf(mask: Formula): readonly Formula[] {
  return mask.kind === 'operator' && mask.operator === 'and' ? mask.operands.flatMap(conjunctsOf) : [mask];
}

function inequalitiesOf(of: Formula): readonly Inequality[] | undefined {
  if (of.kind === 'constant') return of.value ? [] : [{ head: 0, query: 0, key: 0, constant: 1, strict: false }];
  if (of.kind !== 'operator') return undefined;
  const [a, b] = of.operands.map(linear);
  if (!a || !b) return undefined;
  const [under, over] = [plus(a, b, -1), plus(b, a, -1)];
  switch (of.operator) {
    case 'less':
      return [{ ...under, strict: true }];
    case 'lessEqual':
      return [{ ...under, strict: false }];
    case 'greater':
      return [{ ...over, strict: true }];
    case 'greaterEqual':
      return [{ ...over, strict: false }];
    case 'equal':
      return [
        { ...under, strict: false },
        { ...over, strict: false },
      ];
    default:
      return undefined;
  }
}

/** The keys of 0 … keys − 1 that each query sees, from where the queries of each batch entry, or of all, begin. */
export function keyIntervals(
  inequalities: readonly Inequality[],
  { batch, queries, keys, start, groups }: Pick<FormulaContext, 'batch' | 'queries' | 'keys' | 'start' | 'groups'>,
): KeyIntervals {
  if (groups) return intervalsOfGroups(inequalities, groups, batch);
  const position = start.read();
  const starts = typeof position === 'number' ? [position] : position;
  const firsts = new Int32Array(starts.length * queries);
  const ends = new Int32Array(starts.length * queries).fill(keys);
  if (inequalities.length === 0) return { firsts, ends };
  starts.forEach((own, b) => {
    for (let t = 0; t < queries; t++) {
      const [first, end] = interval(inequalities, own + t, keys);
      firsts[b * queries + t] = first;
      ends[b * queries + t] = Math.max(first, end);
    }
  });
  return { firsts, ends };
}

/** Of a group's positions, which are in order, an interval is one too; of what is behind its end nobody sees anything. */
function intervalsOfGroups(inequalities: readonly Inequality[], { places, rows }: Groups, batch: number): KeyIntervals {
  const isFull = inequalities.length === 0 && places.every(({ length }) => length === rows);
  if (isFull) return { firsts: new Int32Array(rows), ends: new Int32Array(rows).fill(rows) };
  const firsts = new Int32Array(batch * rows);
  const ends = new Int32Array(batch * rows);
  for (let entry = 0; entry < batch; entry++) {
    const own = places[entry % places.length]!;
    const end = own.at(-1)! + 1;
    for (const [t, position] of own.entries()) {
      const [first, last] = interval(inequalities, position, end);
      firsts[entry * rows + t] = countBelow(own, first);
      ends[entry * rows + t] = Math.max(countBelow(own, last), countBelow(own, first));
    }
  }
  return { firsts, ends };
}

/** How many of the positions, which are in order, are below another. */
function countBelow(positions: Int32Array, other: number): number {
  const at = positions.findIndex((position) => position >= other);
  return at < 0 ? positions.length : at;
}

function interval(inequalities: readonly Inequality[], q: number, keys: number): [first: number, end: number] {
  let [first, end] = [0, keys];
  for (const { query, key, constant, strict } of inequalities) {
    const rest = query * q + constant;
    const bound = -rest / key;
    if (key === 0) {
      if (strict ? rest >= 0 : rest > 0) return [0, 0];
    } else if (key > 0) end = Math.min(end, strict ? Math.ceil(bound) : Math.floor(bound) + 1);
    else first = Math.max(first, strict ? Math.floor(bound) + 1 : Math.ceil(bound));
  }
  return first < end ? [first, end] : [0, 0];
}
