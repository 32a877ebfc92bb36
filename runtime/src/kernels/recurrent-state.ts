import type { Tensor } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import type { StateCache } from '../ops/context.js';
import { noteEscape } from '../replay/tracking.js';

/** The states of a recurrence between passes: kept out of every `tf.tidy`, replaced as a whole. */
export class RecurrentState implements StateCache {
  #tensors: readonly Tensor[] | undefined;

  /** The states after the last pass; `undefined` before the first. */
  get tensors(): readonly Tensor[] | undefined {
    return this.#tensors;
  }

  replace(tensors: readonly Tensor[]): void {
    noteEscape('a recurrent state is another tensor after each step');
    const kept = tensors.map((tensor) => tf.keep(tf.clone(tensor)));
    this.dispose();
    this.#tensors = kept;
  }

  select(sequences: readonly number[]): RecurrentState {
    const made = new RecurrentState();
    tf.tidy(() => {
      if (this.#tensors) made.replace(this.#rowsOf(sequences));
    });
    return made;
  }

  reorder(sources: readonly number[]): void {
    tf.tidy(() => {
      if (this.#tensors) this.replace(this.#rowsOf(sources));
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
    tf.dispose(this.#tensors ? [...this.#tensors] : []);
    this.#tensors = undefined;
  }

  #rowsOf(sequences: readonly number[]): Tensor[] {
    return (this.#tensors ?? []).map((tensor) => tf.gather(tensor, tf.tensor1d([...sequences], 'int32')));
  }
}
