import type { Tensor, Variable } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import type { LengthFrequencies } from './frequencies.js';

/** A position on a sequence axis: one for all rows of the batch, or one for each (a ragged batch). */
export type Position = number | readonly number[];

/** A position that is read where it is needed and kept nowhere, because it is another one at each step of a generation. */
export interface Start {
  /** Equal for equal positions of one pass. */
  readonly name: string;
  readonly read: () => Position;
}

/** A position that is always the same. */
export function fixed(position: Position): Start {
  return { name: String(position), read: () => position };
}

/** What a scope keeps between steps and releases at the end. */
export interface Disposable {
  dispose(): void;
}

/** What an operator keeps from step to step, for each sequence of a batch. */
export interface StateCache extends Disposable {
  /** A copy with what these sequences have, in this order; one may be taken several times. Of `rows` rows so far. */
  select(sequences: readonly number[], rows: number): StateCache;
  /** Sequence b gets what sequence `sources[b]` has, in place. */
  reorder(sources: readonly number[], rows: number): void;
  /** Makes room for `more` rows behind the capacity. */
  grow(more: number, rows: number): void;
  /** Whether it can forget all rows behind the first `rows`; if so, it has. */
  rewind(rows: number): boolean;
}

/**
 * What operators need beside their inputs and weights: where in the sequence they are, and what lives longer than one
 * call. The `Scope` of the model implements it.
 */
export interface OperatorScope {
  /** Rows of the growing input before this pass, so the position of its first row: 0 in `forward`. */
  readonly position: Position;
  /**
   * How many rows at the end of this pass are padding, for each sequence of a batch whose sequences have different
   * lengths. Recurrences must know; attention need not, because masks are causal. Absent: none are.
   */
  readonly paddingRows?: readonly number[] | undefined;
  /**
   * The pass wants the scores of one row of each sequence: how many rows stand behind it. The same at each step of a generation.
   * Empty: of none, and those that are made are not read. Absent: it wants those of all rows.
   */
  readonly scored?: readonly number[] | undefined;
  /** What the position counts, where a pass has several: the growing rows, those behind the prefix, or these alone. */
  readonly counts?: 'growing' | 'joined' | 'alone';
  /** Whether this pass begins the sequence: `forward`, `loss`, and the prefill of a generation. */
  readonly first: boolean;
  /**
   * Rows of the longest sequence of the batch when all of a prompt, or a step, is computed, the constant prefix included as
   * `counts` says. Absent where there is no state: a pass has all rows.
   */
  readonly length?: number | undefined;
  /** Says that growing rows are turned by frequencies that depend on the length; in the first pass of a state. */
  turnsBy?(frequencies: LengthFrequencies): void;
  /** Constant rows in front of the growing ones (text before image tokens) where attention reads them; usually 0. */
  readonly prefix: number;
  /** Rows that a growing axis can reach: the capacity of a KV cache. Read only where there is a state. */
  readonly capacity: number;
  /** Dropout acts only in training. */
  readonly training: boolean;
  /** Whether attention probabilities are wanted (`explain`). */
  readonly recording: boolean;

  /** An unsigned 32-bit seed for one dropout mask, different at each call and the same in each run with the same seed. */
  dropoutSeed(): number;

  /**
   * What this operator keeps from step to step (a KV cache, a recurrent state): made at the first step, then the same
   * object; the owner of the state disposes it. `undefined` where there is no state: `forward`, `loss`.
   */
  cache<T extends StateCache>(name: string, make: () => T): T | undefined;

  /**
   * A constant tensor of this pass, shared by all layers: a mask, a rotary table. Made at the first call with a key
   * and given again to later ones; the scope keeps it alive in inner `tf.tidy`s (`tf.keep`) and disposes it when the
   * pass ends, so that memory does not grow from pass to pass.
   */
  once(key: string, make: () => Tensor): Tensor;

  /**
   * What is made of a weight alone, kept from pass to pass until the weight has other numbers; in a pass whose gradients are
   * asked for it is made anew. Absent: it is made at each call.
   */
  derived?(key: string, weight: Variable, make: () => Tensor): Tensor;

  /** Takes attention probabilities [B, H, Tq, Tk] after the softmax, before dropout; called only where `recording`. */
  recordAttention(probabilities: Tensor): void;
}

/** `scope.once`, or the tensor itself where an operator is called without a scope. */
export function once(scope: OperatorScope | undefined, key: string, make: () => Tensor): Tensor {
  return scope ? scope.once(key, make) : make();
}

/** `scope.derived` where x is a weight; what it makes, without what is between, where it is none. */
export function derived(scope: OperatorScope | undefined, key: string, x: Tensor, make: () => Tensor): Tensor {
  return scope?.derived && x instanceof tf.Variable ? scope.derived(key, x, make) : tf.tidy(make);
}

/** Where the first row of a growing stream stands, or of one that does not grow: at 0. */
export function startOf(grows: boolean, scope: OperatorScope | undefined): Start {
  if (!scope || !grows) return fixed(0);
  return { name: `${scope.counts ?? 'growing'} rows`, read: () => scope.position };
}

/** Absolute position of the first row of a growing stream behind the model's constant prefix. */
export function startBehindPrefix(scope: OperatorScope | undefined): Start {
  if (!scope || scope.first) return fixed(0);
  const { prefix, counts = 'growing' } = scope;
  return { name: `${counts} rows behind ${prefix}`, read: () => moved(scope.position, prefix) };
}

/** A position `by` rows further on. */
export function startMoved({ name, read }: Start, by: number): Start {
  return by === 0 ? { name, read } : { name: `${name} + ${by}`, read: () => moved(read(), by) };
}

/** What is made for a position, kept until it is asked for at another one. */
export function atPosition<T>({ read }: Start, make: () => T): () => T {
  let found: { readonly position: string; readonly value: T } | undefined;
  return () => {
    const position = String(read());
    if (found?.position !== position) found = { position, value: make() };
    return found.value;
  };
}

/** A position, or each of several, `by` rows further on. */
export function moved(position: Position, by: number): Position {
  return typeof position === 'number' ? position + by : position.map((row) => row + by);
}
