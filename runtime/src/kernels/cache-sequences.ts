import * as tf from '@tensorflow/tfjs';
import { fixed } from '../ops/context.js';
import { append, type Cache, createCache, rowsFor, view } from './cache.js';

/** Writes the first rows of some sequences of a cache over those of another, in that order. */
export function select(from: Cache, to: Cache, sequences: readonly number[], rows: number): void {
  if (rows === 0) return;
  const { heads, width } = from.shape;
  tf.tidy(() => {
    const count = rowsFor(from, rows);
    const chosen = tf.gather(view(from, count), tf.tensor1d([...sequences], 'int32'));
    // Each head of each sequence as a batch entry of its own: then its rows are neighbours here as they are there.
    const batch = sequences.length * heads;
    const flat: Cache = { ...to, shape: { ...to.shape, batch, heads: 1 } };
    append([{ cache: flat, rows: tf.reshape(chosen, [batch, count, 1, width]) }], fixed(0));
  });
}

/** Sequence b gets the rows of sequence `sources[b]`. One copy of the rows so far exists for a moment, at few sizes. */
export function reorder(cache: Cache, sources: readonly number[], rows: number): void {
  if (sources.some((source, b) => source !== b)) select(cache, cache, sources, rows);
}

/** The cache with room for more rows, in the place of the given one. */
export function grown(cache: Cache, more: number, rows: number): Cache {
  const { batch, capacity } = cache.shape;
  const larger = createCache({ ...cache.shape, capacity: capacity + more });
  const all = Array.from({ length: batch }, (_, b) => b);
  select(cache, larger, all, rows);
  cache.dispose();
  return larger;
}
