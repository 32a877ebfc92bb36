import * as tf from '@tensorflow/tfjs';

/** The parts of tfjs's engine and backends that count who holds data. */
interface Engine {
  readonly backend: { incRef(dataId: object): void; disposeData(dataId: object): boolean };
  readonly state: { readonly tensorInfo: { has(dataId: object): boolean } };
  removeDataId(dataId: object, backend: object): void;
}

/** Data that stay where they are as long as somebody holds them. */
export class HeldData {
  readonly #engine = tf.engine() as unknown as Engine;
  readonly #backend = this.#engine.backend;
  readonly #held = new Set<object>();

  has(dataId: object): boolean {
    return this.#held.has(dataId);
  }

  hold(dataId: object): void {
    if (this.#held.has(dataId)) return;
    this.#held.add(dataId);
    this.#backend.incRef(dataId);
  }

  release(): void {
    for (const dataId of this.#held) {
      const isGone = this.#backend.disposeData(dataId);
      // What a kernel made for itself was never a tensor of the engine.
      if (isGone && this.#engine.state.tensorInfo.has(dataId)) this.#engine.removeDataId(dataId, this.#backend);
    }
    this.#held.clear();
  }
}
