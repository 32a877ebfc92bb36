import type { Tensor, Tensor4D } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import { TfmError } from '../errors.js';
import { pendingOf } from '../lazy/tensor.js';
import type { Disposable, Start, StateCache } from '../ops/context.js';
import { guarded } from '../replay/tracking.js';
import { grown, reorder, select } from './cache-sequences.js';
import { writeRowsCpu } from './cpu/write-rows.js';
import { writeRowsWasm } from './wasm/write-rows.js';
import { writeRowsWebGpu } from './webgpu/write-rows.js';

export interface CacheShape {
  readonly batch: number;
  /** Rows that there is room for. */
  readonly capacity: number;
  readonly heads: number;
  readonly width: number;
}

/**
 * A tensor of fixed capacity that rows are written into in place: [B, heads, capacity, width], heads first, so that
 * attention reads it without a transposition. It lives outside every `tf.tidy`, and nothing is allocated from step to step.
 */
export interface Cache extends Disposable {
  readonly shape: CacheShape;
  readonly tensor: Tensor4D;
}

export function createCache(shape: CacheShape): Cache {
  const { batch, heads, capacity, width } = shape;
  const sizes: [number, number, number, number] = [batch, heads, capacity, width];
  // `tf.zeros` makes numbers in JavaScript and copies them. On a GPU that is no dispatch; elsewhere they are filled in where they lie.
  const tensor = tf.keep(tf.getBackend() === 'webgpu' ? tf.zeros<tf.Rank.R4>(sizes) : tf.fill<tf.Rank.R4>(sizes, 0));
  return { shape, tensor, dispose: () => tensor.dispose() };
}

/** Rows [B, T, heads, width] that a cache gets. */
export interface RowsToWrite {
  readonly cache: Cache;
  readonly rows: Tensor;
}

/**
 * Writes rows into caches of one batch and capacity, in place, from a position on, or from one position for each entry
 * of the batch: row t of entry b to `starts[b] + t`.
 *
 * @throws TfmError TFM5405 where the last row does not fit.
 */
export function append(all: readonly RowsToWrite[], start: Start): void {
  const [{ cache, rows }] = all as [RowsToWrite];
  // A kernel that has begun does not compute what was put off: this does.
  for (const each of all) pendingOf(each.rows)?.value();
  const starts = startsOf(cache, rows.shape[1] ?? 0, start);
  const write = { cpu: writeRowsCpu, wasm: writeRowsWasm, webgpu: writeRowsWebGpu }[tf.getBackend()];
  if (!write) throw new TfmError('TFM5501', `a KV cache cannot be written on the backend ${tf.getBackend()}`);
  write(all, starts);
}

/** Where the rows of each entry of the batch begin, for the kernel that writes them: another place at each step. */
function startsOf({ shape: { batch, capacity } }: Cache, length: number, start: Start): () => readonly number[] {
  return () => {
    const position = start.read();
    const starts = typeof position === 'number' ? Array<number>(batch).fill(position) : position;
    const end = Math.max(...starts) + length;
    if (end > capacity)
      throw new TfmError(
        'TFM5405',
        `the KV cache has room for ${capacity} positions, position ${end - 1} does not fit`,
        'generate fewer tokens, or give a larger capacity',
      );
    return starts;
  };
}

/** Where one pass puts its keys and values. */
export interface CacheRows {
  readonly keys: Cache;
  readonly values: Cache;
  /** The row of the first of them, for each entry of the batch. Throws TFM5405 where the last one does not fit. */
  readonly starts: () => readonly number[];
}

/**
 * How many rows to look at for the first `length`: the whole capacity, or a quarter, sixteenth, … of it where a copy costs
 * less than reading everything. Few sizes, because the buffer pool of WebGPU is keyed by size and never shrinks: a view as
 * long as the sequence would leave one more buffer behind at each step.
 */
export function rowsFor({ shape: { capacity } }: Cache, length: number): number {
  let rows = capacity;
  while (rows % 4 === 0 && rows / 4 >= length) rows /= 4;
  return rows;
}

/** The first rows, [B, heads, rows, width]. */
export function view(cache: Cache, rows: number): Tensor4D {
  const { batch, heads, capacity, width } = cache.shape;
  // XNNPACK keeps a packed copy of the right operand of a product of single matrices, and would not see the next write.
  if (rows === capacity && !(tf.getBackend() === 'wasm' && batch * heads === 1)) return cache.tensor;
  return tf.slice(cache.tensor, [0, 0, 0, 0], [batch, heads, rows, width]);
}

/** The keys and values of one attention, from the first position on. */
export class KeyValueCache implements StateCache {
  #keys: Cache | undefined;
  #values: Cache;

  /** @param keys Absent for an attention without keys: `attend(none, none, v)`. */
  constructor(keys: CacheShape | undefined, values: CacheShape) {
    this.#keys = keys && createCache(keys);
    this.#values = createCache(values);
  }

  /** Writes the new rows, [B, T, heads, width]. */
  append(keys: Tensor | undefined, values: Tensor, start: Start): void {
    const all = [{ cache: this.#values, rows: values }];
    if (this.#keys && keys) all.unshift({ cache: this.#keys, rows: keys });
    append(all, start);
  }

  /** Where `append` would put these rows, for a kernel that makes and writes them; `undefined` without keys. */
  rowsFrom(values: Tensor, start: Start): CacheRows | undefined {
    const starts = startsOf(this.#values, values.shape[1] ?? 0, start);
    return this.#keys && { keys: this.#keys, values: this.#values, starts };
  }

  /** Whole, [B, heads, capacity, width]. */
  get keys(): Tensor | undefined {
    return this.#keys?.tensor;
  }

  get values(): Tensor {
    return this.#values.tensor;
  }

  /** Rows to look at for all up to `rows` ones just appended at a position; at least their number. */
  rowsFor(start: Start, rows: number): number {
    return guarded(() => {
      const position = start.read();
      return rowsFor(this.#values, (typeof position === 'number' ? position : Math.max(...position)) + rows);
    });
  }

  /** The first rows, [B, heads, rows, width]. */
  view(rows: number): { readonly key: Tensor | undefined; readonly value: Tensor } {
    return { key: this.#keys && view(this.#keys, rows), value: view(this.#values, rows) };
  }

  select(sequences: readonly number[], rows: number): KeyValueCache {
    const shape = (cache: Cache): CacheShape => ({ ...cache.shape, batch: sequences.length });
    const made = new KeyValueCache(this.#keys && shape(this.#keys), shape(this.#values));
    if (this.#keys && made.#keys) select(this.#keys, made.#keys, sequences, rows);
    select(this.#values, made.#values, sequences, rows);
    return made;
  }

  reorder(sources: readonly number[], rows: number): void {
    if (this.#keys) reorder(this.#keys, sources, rows);
    reorder(this.#values, sources, rows);
  }

  grow(more: number, rows: number): void {
    this.#keys &&= grown(this.#keys, more, rows);
    this.#values = grown(this.#values, more, rows);
  }

  /** Rows behind a position are never read, and the next ones go over them. */
  rewind(): boolean {
    return true;
  }

  dispose(): void {
    this.#keys?.dispose();
    this.#values.dispose();
  }
}
