/** What the fused operators are told beside their operands: the same for the kernels of every backend. */

/** `gelu` is the one by erf. */
export type ActivationName = 'none' | 'gelu' | 'geluTanh' | 'silu' | 'relu';

export interface ActivationAttributes {
  readonly activation: ActivationName;
}

export interface NormAttributes {
  readonly eps: number;
}

export interface RotaryAttributes {
  readonly pairs: 'halves' | 'interleaved';
  /** Turns back: by −angle. */
  readonly backwards: boolean;
}

export interface AttendAttributes {
  /** Multiplies q·k. */
  readonly scale: number;
  /** c in c · tanh(score / c), before anything is added; 0: none. */
  readonly cap: number;
  readonly visible: KeyIntervals;
  /** Rows of keys and values that count; a cache has more. */
  readonly keys: number;
  /** Keys and values are [B, G, T, d] (a cache), not [B, T, G, d]. */
  readonly headsFirst: boolean;
}

/** For each query [B or 1, Tq] the first key that it sees and the one behind its last; equal where it sees none. */
export interface KeyIntervals {
  readonly firsts: Int32Array;
  readonly ends: Int32Array;
}
