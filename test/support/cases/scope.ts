import type { Tensor } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import type { OperatorScope, Position, StateCache } from '../../../runtime/src/index.js';

/** The part of a model's scope that operators need, for tests: caches by name, constants of a pass. */
export class TestScope implements OperatorScope {
  position: Position = 0;
  first = true;
  prefix = 0;
  capacity = 0;
  training = false;
  recording = false;
  hasState: boolean = false;
  seed = 1;
  readonly recorded: Tensor[] = [];
  readonly #caches = new Map<string, StateCache>();
  readonly #constants = new Map<string, Tensor>();

  dropoutSeed(): number {
    return this.seed++;
  }

  cache<T extends StateCache>(name: string, make: () => T): T | undefined {
    if (!this.hasState) return undefined;
    const found = this.#caches.get(name) ?? make();
    this.#caches.set(name, found);
    return found as T;
  }

  once(key: string, make: () => Tensor): Tensor {
    const found = this.#constants.get(key) ?? tf.keep(make());
    this.#constants.set(key, found);
    return found;
  }

  recordAttention(probabilities: Tensor): void {
    this.recorded.push(tf.keep(tf.clone(probabilities)));
  }

  /** Ends a pass of `rows` rows. */
  advance(rows: number): void {
    this.endPass();
    this.first = false;
    this.position =
      typeof this.position === 'number' ? this.position + rows : this.position.map((position) => position + rows);
  }

  endPass(): void {
    for (const constant of this.#constants.values()) constant.dispose();
    this.#constants.clear();
  }

  dispose(): void {
    this.endPass();
    for (const cache of this.#caches.values()) cache.dispose();
    tf.dispose(this.recorded);
  }
}

/** A scope somewhere in a sequence, without a state; constants are made at each use, as in a pass of one operator. */
export function scopeAt(position: Position): OperatorScope {
  return new OneUseScope(position);
}

class OneUseScope extends TestScope {
  constructor(position: Position) {
    super();
    this.position = position;
    this.first = position === 0;
  }

  override once(_key: string, make: () => Tensor): Tensor {
    return make();
  }
}
