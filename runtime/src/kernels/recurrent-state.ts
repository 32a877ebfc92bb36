import type { Tensor } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import type { Disposable } from '../ops/context.js';

/** The states of a recurrence between passes: kept out of every `tf.tidy`, replaced as a whole. */
export class RecurrentState implements Disposable {
  #tensors: readonly Tensor[] | undefined;

  /** The states after the last pass; `undefined` before the first. */
  get tensors(): readonly Tensor[] | undefined {
    return this.#tensors;
  }

  replace(tensors: readonly Tensor[]): void {
    const kept = tensors.map((tensor) => tf.keep(tf.clone(tensor)));
    this.dispose();
    this.#tensors = kept;
  }

  dispose(): void {
    tf.dispose(this.#tensors ? [...this.#tensors] : []);
    this.#tensors = undefined;
  }
}
