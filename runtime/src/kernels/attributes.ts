import type { Tensor } from '@tensorflow/tfjs';
import type { Formula } from '../formula/formula.js';

/** What the fused operators are told beside their operands: the same for the kernels of every backend. */

/** `gelu` is the one by erf. */
export type ActivationName = 'none' | 'gelu' | 'geluTanh' | 'silu' | 'relu';

export interface ActivationAttributes {
  readonly activation: ActivationName;
}

export type ArithmeticName = 'add' | 'subtract' | 'multiply' | 'divide';

export interface ArithmeticAttributes {
  readonly operator: ArithmeticName;
  /** The second operand, where it is a number. */
  readonly value: number;
}

export interface NormAttributes {
  readonly eps: number;
}

export interface NormGradientAttributes extends NormAttributes {
  /** About the mean: of `layer_norm`, not of `rms_norm`. */
  readonly centred: boolean;
  /** Whether the gradient of the bias is wanted. */
  readonly withBias: boolean;
}

export interface ProductOfRowsAttributes {
  /** Whether the sums of the columns of the first operand are wanted, too. */
  readonly withSums: boolean;
}

export interface CrossEntropyAttributes {
  /** ε: the target is 1 − ε on the right class and ε spread over all. */
  readonly labelSmoothing: number;
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
  /** The bias, or the mask, is [b, h, 1, Tq + Tk − 1]: what belongs to row t and key k is its number k − t + Tq − 1. */
  readonly biasByDistance: boolean;
  readonly maskByDistance: boolean;
  /** Formulas of mask and bias instead of their tensors: the operand `mask` then has the vectors that they read. */
  readonly pairs: PairFormulas | undefined;
  /** In training: what becomes of the probabilities before they weigh the values. */
  readonly dropout: AttentionDropout | undefined;
  /** A second result, the log-sum-exp of each row's scores [B, Tq, H], from which the gradient is recomputed. */
  readonly keepsLogSumExp: boolean;
}

/** Formulas of a pair of query and key, in which element i stands for a number of vector i. */
export interface PairFormulas {
  /** Which keys are seen. */
  readonly mask: Formula | undefined;
  /** What is added to scores; nothing is learned from it. */
  readonly bias: Formula | undefined;
  readonly vectors: readonly PairVector[];
  /** What they say of all pairs, for whoever computes with tensors: as the operands `bias` and `mask`. */
  readonly tensors: () => { readonly bias: Tensor | undefined; readonly mask: Tensor | undefined };
}

/** A tensor that broadcasts to [B, H, Tq, Tk], or has a number for each distance, as a part of one with several. */
export interface PairVector {
  /** Its first number. */
  readonly from: number;
  readonly shape: readonly [number, number, number, number];
  readonly byDistance: boolean;
}

/** Each probability is 0 or divided by 1 − rate, by its place in [B, H, rows, keys] (kernels/counter-mask.ts). */
export interface AttentionDropout {
  readonly rate: number;
  readonly seed: number;
  /** Queries that there are in all, and the first of those in hand: attention may be computed some queries at a time. */
  readonly rows: number;
  readonly from: number;
}

/** What the gradient is told beside what attention was told. */
export interface AttendGradientAttributes extends AttendAttributes {
  /** Whether the gradient of the bias is wanted; where it is a constant it is not. */
  readonly biasLearns: boolean;
}

/** For each query [B or 1, Tq] the first key that it sees and the one behind its last; equal where it sees none. */
export interface KeyIntervals {
  readonly firsts: Int32Array;
  readonly ends: Int32Array;
}
