import type { Tensor, Variable } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import { alias } from '../ops/shapes.js';
import { isWatched } from '../replay/tracking.js';

/** What a model keeps of single weights from pass to pass, such as a resized table of positions. */
export class DerivedTensors {
  readonly #made = new Map<string, { readonly of: Variable['dataId']; readonly tensor: Tensor }>();

  /** What `make` gives for this weight. A training step gives a variable other data, for which it is made anew. */
  get(key: string, weight: Variable, make: () => Tensor): Tensor {
    // A gradient must see how it is made; a step that is captured holds all that it reads.
    if (tf.engine().state.gradientDepth > 0 || isWatched()) return tf.tidy(make);
    const name = `${weight.id} ${key}`;
    const known = this.#made.get(name);
    if (known?.of === weight.dataId) return alias(known.tensor);
    known?.tensor.dispose();
    const tensor = tf.tidy(() => tf.keep(alias(make())));
    this.#made.set(name, { of: weight.dataId, tensor });
    return alias(tensor);
  }

  dispose(): void {
    for (const { tensor } of this.#made.values()) tensor.dispose();
    this.#made.clear();
  }
}
