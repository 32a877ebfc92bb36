import type { Tensor } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import { f } from '../../formula/builders.js';
import type { Formula } from '../../formula/formula.js';
import { KeyValueCache } from '../../kernels/cache.js';
import { projectHeads, turnTogether } from '../../lazy/heads.js';
import { guarded } from '../../replay/tracking.js';
import type { OperatorScope, Position, Start } from '../context.js';
import { size } from '../shapes.js';
import { splitMask } from './intervals.js';
import { type AttentionInputs, headsFirst } from './layout.js';

/** What the queries of this pass read. */
export interface Memory {
  /** As it lies in memory: [B, Tk, G, d], or a whole cache [B, G, capacity, d] where `headsFirst`. */
  readonly key: Tensor | undefined;
  readonly value: Tensor;
  readonly headsFirst: boolean;
  /** How many rows formulas are asked about: the keys of this pass, or rows of the cache that hold all so far. */
  readonly rows: number;
  /** Hides the rows of a cache that hold nothing yet. */
  readonly limit: Formula | undefined;
  /** The same as [B, G, rows, d], for products of stock operators. */
  readonly forProducts: () => { readonly key: Tensor | undefined; readonly value: Tensor };
}

/** The keys and values of this pass, or, where there is a KV cache, all since the sequence began. */
export function keysAndValues(
  inputs: AttentionInputs,
  mask: Formula,
  start: Start,
  scope: OperatorScope | undefined,
): Memory {
  const { query, key, value, sizes } = inputs;
  projectHeads([query, key, value]);
  const cache = scope?.cache('keys_values', () => {
    const shape = { batch: sizes.batch, capacity: scope.capacity, heads: sizes.keyHeads };
    return new KeyValueCache(key && { ...shape, width: size(key, 3) }, { ...shape, width: size(value, 3) });
  });
  const isTurned = query && key && turnTogether(query, key, value, () => cache?.rowsFrom(value, start));
  if (!isTurned) cache?.append(key, value, start);
  // What was just appended is all there is: no need to read it back.
  if (cache && !guarded(() => isBeginning(start.read())))
    return allSoFar(cache, limitOf(mask, start, sizes), start, sizes.keys);
  const forProducts = () => ({ key: key && headsFirst(key), value: headsFirst(value) });
  return { key, value, headsFirst: false, rows: sizes.keys, limit: undefined, forProducts };
}

function allSoFar(cache: KeyValueCache, limit: Formula, start: Start, newRows: number): Memory {
  const rows = cache.rowsFor(start, newRows);
  return {
    key: cache.keys,
    value: cache.values,
    headsFirst: true,
    rows,
    limit,
    forProducts: () => cache.view(rows),
  };
}

/** The rows behind the new ones hold nothing. Of one query and one new row it says k ≤ q: the same in each step of a generation. */
function limitOf(mask: Formula, start: Start, { batch, queries, keys: newRows }: AttentionInputs['sizes']): Formula {
  if (queries === newRows && (queries === 1 || hidesLater(mask))) return f.mask(({ k, q }) => f.lessEqual(k, q));
  const position = start.read();
  if (typeof position === 'number') return f.mask(({ k }) => f.less(k, position + newRows));
  const ends = tf.tensor2d(
    position.map((own) => own + newRows),
    [batch, 1],
    'int32',
  );
  return f.mask(({ k }) => f.less(k, f.lookup(ends, [0], { batched: true })));
}

/** Whether a mask implies k ≤ q. */
function hidesLater(mask: Formula): boolean {
  return splitMask(mask).inequalities.some((of) => of.key === 1 && of.query === -1 && of.constant >= 0);
}

function isBeginning(position: Position): boolean {
  return typeof position === 'number' ? position === 0 : position.every((own) => own === 0);
}
