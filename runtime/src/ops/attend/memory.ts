import type { Tensor } from '@tensorflow/tfjs';
import { f } from '../../formula/builders.js';
import type { Formula } from '../../formula/formula.js';
import { KeyValueCache } from '../../kernels/cache.js';
import type { OperatorScope, Position } from '../context.js';
import { size } from '../shapes.js';
import { type AttentionInputs, headsFirst } from './layout.js';

/** What the queries of this pass read. */
export interface Memory {
  /** [B, G, Tk, d_k] */
  readonly key: Tensor | undefined;
  /** [B, G, Tk, d_v] */
  readonly value: Tensor;
  /** Hides the rows of a cache that hold nothing yet. */
  readonly limit: Formula | undefined;
}

/** The keys and values of this pass, or, where there is a KV cache, all since the sequence began. */
export function keysAndValues(inputs: AttentionInputs, start: Position, scope: OperatorScope | undefined): Memory {
  const { key, value, sizes } = inputs;
  const cache = scope?.cache('keys_values', () => {
    const shape = { batch: sizes.batch, capacity: scope.capacity, heads: sizes.keyHeads };
    return new KeyValueCache(key && { ...shape, width: size(key, 3) }, { ...shape, width: size(value, 3) });
  });
  cache?.append(key, value, start);
  // What was just appended is all there is: no need to read it back.
  if (!cache || isBeginning(start)) return { key: key && headsFirst(key), value: headsFirst(value), limit: undefined };
  const rows = sizes.keys;
  const { keys, values } = cache.view(start, rows);
  const limit =
    typeof start === 'number'
      ? f.mask(({ k }) => f.less(k, start + rows))
      : f.mask(({ k, q }) => f.lessEqual(k, f.add(q, rows - 1)));
  return { key: keys, value: values, limit };
}

function isBeginning(start: Position): boolean {
  return typeof start === 'number' ? start === 0 : start.every((position) => position === 0);
}
