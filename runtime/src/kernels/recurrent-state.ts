import type { Tensor } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import { fixed, type StateCache } from '../ops/context.js';
import { append, type Cache, createCache } from './cache.js';

/** A state where it stays from pass to pass: a cache of one row for each sequence. */
interface Kept {
  readonly cache: Cache;
  readonly shape: readonly number[];
}

/** The states of a recurrence between passes: kept out of every `tf.tidy`, and written in place. */
export class RecurrentState implements StateCache {
  #kept: readonly Kept[] | undefined;

  /** The states after the last pass, for the `tf.tidy` around the call; `undefined` before the first. */
  get tensors(): readonly Tensor[] | undefined {
    // On wasm a clone is a copy: XNNPACK keeps a packed copy of what is multiplied by, and would not see the next write.
    return this.#kept?.map(({ cache, shape }) => tf.clone(tf.reshape(cache.tensor, [...shape])));
  }

  replace(tensors: readonly Tensor[]): void {
    this.#kept ??= tensors.map(({ shape, size }) => {
      const [batch = 1] = shape;
      return { cache: createCache({ batch, heads: 1, capacity: 1, width: size / batch }), shape: [...shape] };
    });
    tf.tidy(() => {
      const all = this.#kept!.map(({ cache }, i) => ({ cache, rows: this.#rowOf(tensors[i]!, cache) }));
      append(all, fixed(0));
    });
  }

  select(sequences: readonly number[]): RecurrentState {
    const made = new RecurrentState();
    tf.tidy(() => {
      if (this.#kept) made.replace(this.#rowsOf(sequences));
    });
    return made;
  }

  reorder(sources: readonly number[]): void {
    tf.tidy(() => {
      if (this.#kept) this.replace(this.#rowsOf(sources));
    });
  }

  /** A state has no rows. */
  grow(): void {}

  /** Only to the beginning: the states after earlier rows are gone. */
  rewind(rows: number): boolean {
    if (rows === 0) this.dispose();
    return rows === 0;
  }

  dispose(): void {
    for (const { cache } of this.#kept ?? []) cache.dispose();
    this.#kept = undefined;
  }

  /** A state as the row of its cache; one that is another cache itself is copied, because that is written, too. */
  #rowOf(state: Tensor, { shape: { batch, width } }: Cache): Tensor {
    const isKept = this.#kept!.some(({ cache }) => cache.tensor.dataId === state.dataId);
    return tf.reshape(isKept ? tf.mul(state, 1) : state, [batch, 1, 1, width]);
  }

  #rowsOf(sequences: readonly number[]): Tensor[] {
    return (this.tensors ?? []).map((tensor) => tf.gather(tensor, tf.tensor1d([...sequences], 'int32')));
  }
}
