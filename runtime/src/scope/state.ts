import type { Tensor } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import { TfmError } from '../errors.js';
import { presenceOf, setPresence } from '../model/presence.js';
import type { Position, StateCache } from '../ops/context.js';
import { StepReplay } from '../replay/step-replay.js';
import { unwatched } from '../replay/tracking.js';
import { LengthTurns } from './length-turns.js';

/** What is computed once in a generation: a tensor, or the copies of a labelled repeat. */
export type Kept = Tensor | readonly Kept[];

/** What a state is of, and for how many sequences. */
export interface StateOptions {
  /** Sequences in the batch. */
  readonly batch: number;
  /** The most rows of the growing input. */
  readonly capacity: number;
  /** Whether the capacity is what there is room for now, and no limit. */
  readonly grows: boolean;
  /** The inputs that do not grow, by name; the state's to dispose. */
  readonly constants: Readonly<Record<string, Tensor>>;
  /** Names of those that all sequences share: they have no batch axis. */
  readonly shared: ReadonlySet<string>;
  /** The model that it belongs to. */
  readonly owner: object;
}

/**
 * What a generation keeps from step to step: keys and values, recurrent states, constants such as the encoder's
 * output, and the inputs that do not grow. Made by `prefill`; dispose it when the generation is over.
 */
export class GenerationState {
  /** Rows of the growing input so far; a number for each sequence where they differ. */
  position: Position = 0;
  /** The tokens behind these rows, for each sequence; absent where the prompt was a tensor on a GPU. */
  tokens: number[][] | undefined;
  readonly batch: number;
  readonly grows: boolean;
  readonly constants: Readonly<Record<string, Tensor>>;
  readonly owner: object;
  /** How its steps are run: after the first one from what was recorded, where the backend can. */
  readonly replay = new StepReplay();
  /** Rows of the longest sequence when what is computed now, a prompt or a step, is over. */
  length = 1;
  /** Rotations that depend on it. */
  readonly turns: LengthTurns;
  readonly #shared: ReadonlySet<string>;
  readonly #caches = new Map<string, StateCache>();
  readonly #kept = new Map<string, Kept>();
  #capacity: number;
  #disposed = false;

  constructor({ batch, capacity, grows, constants, shared, owner }: StateOptions, turns = new LengthTurns()) {
    this.turns = turns;
    this.batch = batch;
    this.#capacity = capacity;
    this.grows = grows;
    this.constants = constants;
    this.#shared = shared;
    this.owner = owner;
  }

  /** The most rows of the growing input; where the state grows, those that there is room for now. */
  get capacity(): number {
    return this.#capacity;
  }

  /** The cache at `path`; only the operator that made it asks for it. */
  cache<T extends StateCache>(path: string, make: () => T): T {
    const present = this.#caches.get(path);
    if (present) return present as StateCache as T;
    const made = unwatched(make);
    this.#caches.set(path, made);
    return made;
  }

  keep<T extends Kept>(path: string, make: () => T): T {
    const present = this.#kept.get(path);
    if (present) return present as T;
    let made: T | undefined;
    unwatched(() =>
      tf.tidy(() => {
        made = owned(make());
      }),
    );
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

  /** Rows of the longest sequence. */
  get rows(): number {
    return Math.max(...this.positions);
  }

  get disposed(): boolean {
    return this.#disposed;
  }

  /** A copy that goes its own way: several continuations of one prompt. The caller disposes both. */
  fork(): GenerationState {
    return this.select(Array.from({ length: this.batch }, (_, b) => b));
  }

  /** A state of these sequences, in this order; one may be taken several times. What is kept of the others stays here. */
  select(sequences: readonly number[]): GenerationState {
    this.checkAlive();
    const { owner, capacity, grows, rows } = this;
    const shared = this.#shared;
    const isCopy = sequences.length === this.batch && sequences.every((source, b) => source === b);
    const constants = tf.tidy(() =>
      Object.fromEntries(
        Object.entries(this.constants).map(([name, input]) => {
          return [name, rowsOf(input, isCopy || shared.has(name) ? undefined : sequences)];
        }),
      ),
    );
    const options = { batch: sequences.length, capacity, grows, constants, shared, owner };
    const made = new GenerationState(options, this.turns.copy());
    for (const [path, cache] of this.#caches) made.#caches.set(path, cache.select(sequences, rows));
    // Of other sequences it is not known which of these have a batch axis: they are made again from the inputs.
    if (isCopy) for (const [path, kept] of this.#kept) made.#kept.set(path, owned(kept));
    made.positions = sequences.map((source) => this.positions[source] ?? 0);
    made.tokens = this.tokens && sequences.map((source) => [...(this.tokens?.[source] ?? [])]);
    return made;
  }

  /**
   * Sequence b goes on from where sequence `sources[b]` is, in place. Only among sequences whose other inputs are the same: the
   * beams of one prompt.
   */
  reorder(sources: readonly number[]): void {
    this.checkAlive();
    for (const cache of this.#caches.values()) cache.reorder(sources, this.rows);
    const { positions, tokens } = this;
    this.positions = sources.map((source) => positions[source] ?? 0);
    this.tokens = tokens && sources.map((source, b) => (source === b ? tokens[b] : tokens[source]?.slice()) ?? []);
  }

  /** Makes room for `capacity` rows. Only a state that grows may. */
  reserve(capacity: number): void {
    if (capacity <= this.#capacity) return;
    this.replay.drop();
    for (const cache of this.#caches.values()) cache.grow(capacity - this.#capacity, this.rows);
    this.#capacity = capacity;
  }

  /** Forgets what is behind the first `rows` of each sequence, or everything where it cannot: how many rows are left. */
  rewind(rows: number): number {
    if (this.positions.every((position) => position === rows)) return rows;
    const kept = [...this.#caches.values()].every((cache) => cache.rewind(rows)) ? rows : 0;
    if (kept !== rows) for (const cache of this.#caches.values()) cache.rewind(0);
    if (kept === 0) this.turns.clear();
    this.position = kept;
    this.tokens = this.tokens?.map((row) => row.slice(0, kept));
    return kept;
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
    this.replay.drop();
    for (const cache of this.#caches.values()) cache.dispose();
    for (const kept of this.#kept.values()) disposeKept(kept);
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

function disposeKept(kept: Kept): void {
  if (kept instanceof tf.Tensor) kept.dispose();
  else for (const each of kept) disposeKept(each);
}

/** These sequences of an input, with their presence; without a choice all of them. */
export function rowsOf(input: Tensor, sequences?: readonly number[]): Tensor {
  const chosen = (tensor: Tensor): Tensor =>
    sequences ? tf.gather(tensor, tf.tensor1d([...sequences], 'int32')) : tf.clone(tensor);
  const kept = tf.keep(chosen(input));
  const presence = presenceOf(input);
  if (presence) setPresence(kept, tf.keep(tf.cast(chosen(presence), 'bool')));
  return kept;
}
