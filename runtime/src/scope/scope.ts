import type { Tensor, Variable } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import { pendingOf } from '../lazy/tensor.js';
import { moved, type OperatorScope, type Position, type StateCache } from '../ops/context.js';
import type { LengthFrequencies } from '../ops/frequencies.js';
import { alias } from '../ops/shapes.js';
import { guarded, noteStepRead } from '../replay/tracking.js';
import type { DerivedTensors } from './derived.js';
import type { Recorder } from './recorder.js';
import type { GenerationState, Kept } from './state.js';

export interface PassOptions {
  /** Keys and values of earlier rows; without it the pass stands for itself. */
  readonly state?: GenerationState;
  /** Constant rows in front of the growing ones. */
  readonly prefix?: number;
  /** Rows of padding at the end of this pass for each sequence, where there are any. */
  readonly paddingRows?: readonly number[] | undefined;
  /** How many rows stand behind the one of each sequence whose scores are wanted; empty: none are. Absent: those of all rows are. */
  readonly scored?: readonly number[] | undefined;
  readonly training?: boolean;
  /** Of the dropout masks. */
  readonly seed?: number;
  readonly recorder?: Recorder;
}

/** What all scopes of one run through a model share. */
export class Pass {
  readonly options: PassOptions;
  readonly #once = new Map<string, Tensor>();
  #masks = 0;

  /** What the model keeps from pass to pass. */
  readonly derived: DerivedTensors | undefined;

  /** @param options Some are accessors, which say another thing at each step of a generation: not to be copied. */
  constructor(options: PassOptions = {}, derived?: DerivedTensors) {
    this.options = options;
    this.derived = derived;
  }

  /** Nobody asks for gradients, which are those of single operators, or wants to see every value. */
  get isPlain(): boolean {
    return !this.options.recorder && tf.engine().state.gradientDepth === 0;
  }

  once(key: string, make: () => Tensor): Tensor {
    const present = this.#once.get(key);
    if (present) return present;
    const made = tf.tidy(() => tf.keep(alias(make())));
    this.#once.set(key, made);
    return made;
  }

  dropoutSeed(): number {
    this.#masks++;
    return mix(mix(this.options.seed ?? 0) ^ this.#masks);
  }

  /** Gives the shared constants back. */
  end(): void {
    tf.dispose([...this.#once.values()]);
    this.#once.clear();
  }
}

/** What positions count: as the operator has it, the prefix and the growing rows, or these alone. */
type Rows = 'growing' | 'joined' | 'alone';

/**
 * Where in the model and in the sequence a computation stands: what generated code passes down beside values and
 * weights.
 */
export class Scope implements OperatorScope {
  readonly #pass: Pass;
  /** Labels from the model down to here: `layers[0].attention`. */
  readonly path: string;

  readonly #rows: Rows;

  constructor(pass: Pass, path = '', rows: Rows = 'growing') {
    this.#pass = pass;
    this.path = path;
    this.#rows = rows;
  }

  get counts(): Rows {
    return this.#rows;
  }

  get position(): Position {
    noteStepRead();
    const position = this.#pass.options.state?.position ?? 0;
    return this.#rows === 'joined' && !this.first ? moved(position, this.#prefix) : position;
  }

  get paddingRows(): readonly number[] | undefined {
    noteStepRead();
    return this.#pass.options.paddingRows;
  }

  get scored(): readonly number[] | undefined {
    return this.#pass.options.scored;
  }

  get first(): boolean {
    return guarded(() => (this.#pass.options.state?.position ?? 0) === 0);
  }

  get length(): number | undefined {
    noteStepRead();
    const { state } = this.#pass.options;
    return state && state.length + (this.#rows === 'alone' ? 0 : this.#prefix);
  }

  turnsBy(frequencies: LengthFrequencies): void {
    this.#pass.options.state?.turns.add(frequencies, this.#rows === 'alone' ? 0 : this.#prefix);
  }

  get prefix(): number {
    return this.#rows === 'growing' ? this.#prefix : 0;
  }

  get capacity(): number {
    return (this.#pass.options.state?.capacity ?? 0) + this.#prefix;
  }

  get #prefix(): number {
    return this.#pass.options.prefix ?? 0;
  }

  /** For a stream that stands behind the constant prefix already: positions count from the start of the prefix. */
  joined(): Scope {
    return new Scope(this.#pass, this.path, 'joined');
  }

  /** For a growing stream that has not joined the constant prefix yet: positions count its own rows. */
  alone(): Scope {
    return new Scope(this.#pass, this.path, 'alone');
  }

  get training(): boolean {
    return this.#pass.options.training ?? false;
  }

  get recording(): boolean {
    return this.#pass.options.recorder !== undefined;
  }

  /** The scope of what is labelled `label`, or of one copy of it. */
  enter(label: string, index?: number): Scope {
    const step = index === undefined ? label : `${label}[${index}]`;
    return new Scope(this.#pass, this.#at(step));
  }

  /** Runs a block under its label; its result is what `explain` shows for the label. Frees what the block leaves. */
  block(label: string, body: (scope: Scope) => Tensor): Tensor;
  block(label: string, index: number, body: (scope: Scope) => Tensor): Tensor;
  block(label: string, ...rest: [(scope: Scope) => Tensor] | [number, (scope: Scope) => Tensor]): Tensor {
    const [index, body] = rest.length === 1 ? [undefined, rest[0]] : rest;
    const inner = this.enter(label, index);
    const result = tf.tidy(() => body(inner));
    // What one layer hands to the next has several readers: a norm at its end is not for one of them to compute.
    if (index !== undefined) pendingOf(result)?.value();
    this.#pass.options.recorder?.value(inner.path, result);
    return result;
  }

  /** Names a value for `explain`. */
  label(name: string, value: Tensor): Tensor {
    this.#pass.options.recorder?.value(this.#at(name), value);
    return value;
  }

  /** A constant of generation: computed at the prefill, kept in the state. Elsewhere, simply computed. */
  keep<T extends Kept>(name: string, make: () => T): T {
    const { state } = this.#pass.options;
    return state ? state.keep(this.#at(name), make) : make();
  }

  cache<T extends StateCache>(name: string, make: () => T): T | undefined {
    return this.#pass.options.state?.cache(this.#at(name), make);
  }

  once(key: string, make: () => Tensor): Tensor {
    return this.#pass.once(key, make);
  }

  derived(key: string, weight: Variable, make: () => Tensor): Tensor {
    const { derived } = this.#pass;
    return derived ? derived.get(key, weight, make) : tf.tidy(make);
  }

  dropoutSeed(): number {
    return this.#pass.dropoutSeed();
  }

  recordAttention(probabilities: Tensor): void {
    this.#pass.options.recorder?.attention(this.path, probabilities);
  }

  #at(name: string): string {
    return this.path === '' || name.startsWith('[') ? this.path + name : `${this.path}.${name}`;
  }
}

/** The finaliser of MurmurHash3: every bit of the input changes half of the output's. */
function mix(value: number): number {
  let h = value >>> 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
