import type { Tensor } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import { TfmError } from '../errors.js';
import { presenceOf } from '../model/presence.js';
import type { Disposable, Position } from '../ops/context.js';

/** What is computed once in a generation: a tensor, or the copies of a labelled repeat. */
export type Kept = Tensor | readonly Kept[];

/**
 * What a generation keeps from step to step: keys and values, recurrent states, constants such as the encoder's
 * output, and the inputs that do not grow. Made by `prefill`; dispose it when the generation is over.
 */
export class GenerationState {
  /** Rows of the growing input so far; a number for each sequence where they differ. */
  position: Position = 0;
  /** Sequences in the batch. */
  readonly batch: number;
  /** The most rows of the growing input. */
  readonly capacity: number;
  /** The inputs that do not grow, by name. */
  readonly constants: Readonly<Record<string, Tensor>>;
  readonly #caches = new Map<string, Disposable>();
  readonly #kept = new Map<string, Kept>();
  #disposed = false;

  constructor(batch: number, capacity: number, constants: Readonly<Record<string, Tensor>>) {
    this.batch = batch;
    this.capacity = capacity;
    this.constants = constants;
  }

  /** The cache at `path`; only the operator that made it asks for it. */
  cache<T extends Disposable>(path: string, make: () => T): T {
    const present = this.#caches.get(path);
    if (present) return present as T;
    const made = make();
    this.#caches.set(path, made);
    return made;
  }

  keep<T extends Kept>(path: string, make: () => T): T {
    const present = this.#kept.get(path);
    if (present) return present as T;
    let made: T | undefined;
    tf.tidy(() => {
      made = owned(make());
    });
    if (made === undefined) throw new Error(`nothing was made for ${path}`);
    this.#kept.set(path, made);
    return made;
  }

  /** `position` for each sequence. */
  get positions(): readonly number[] {
    return typeof this.position === 'number' ? Array<number>(this.batch).fill(this.position) : this.position;
  }

  set positions(rows: readonly number[]) {
    const [first = 0] = rows;
    this.position = rows.every((row) => row === first) ? first : rows;
  }

  get disposed(): boolean {
    return this.#disposed;
  }

  /** Throws TFM5305 once the state is disposed. */
  checkAlive(): void {
    if (!this.#disposed) return;
    throw new TfmError('TFM5305', 'this generation is over: its state was disposed', 'call prefill for a new one');
  }

  /** Gives all memory back; a second call does nothing. */
  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    for (const cache of this.#caches.values()) cache.dispose();
    for (const kept of this.#kept.values()) tf.dispose(kept as Tensor | Tensor[]);
    for (const input of Object.values(this.constants)) {
      presenceOf(input)?.dispose();
      input.dispose();
    }
    this.#caches.clear();
    this.#kept.clear();
  }
}

/** Clones, because what was made may be a weight or an input, which others dispose. */
function owned<T extends Kept>(made: T): T {
  if (made instanceof tf.Tensor) return tf.keep(tf.clone(made)) as T;
  return (made as readonly Kept[]).map((each) => owned(each)) as unknown as T;
}
