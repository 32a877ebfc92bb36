import type { KeyIntervals } from '../attributes.js';
import type { AttentionShape, Spans } from './attention-shape.js';

/**
 * For each batch entry, or for all, [first, end) of the rows that see a key of each block of keys, then the keys that each query
 * sees: what `spansOf` is for blocks of rows.
 */
export function keySpansOf(
  { firsts, ends }: KeyIntervals,
  { queries, group }: AttentionShape,
  keys: number,
  block: number,
): Omit<Spans, 'longest'> {
  const entries = firsts.length / queries;
  const blocks = Math.ceil(keys / block);
  const stride = blocks + queries;
  const values = new Int32Array(entries * stride * 2);
  for (let entry = 0; entry < entries; entry++)
    for (let t = 0; t < queries; t++) {
      const [first, end] = [firsts[entry * queries + t]!, ends[entry * queries + t]!];
      values.set([first, end], (entry * stride + blocks + t) * 2);
      for (let key = first - (first % block); key < end; key += block) {
        const at = (entry * stride + key / block) * 2;
        if (values[at + 1] === 0) values[at] = t * group;
        values[at + 1] = (t + 1) * group;
      }
    }
  return { values, stride: entries > 1 ? stride : 0, blocks };
}
