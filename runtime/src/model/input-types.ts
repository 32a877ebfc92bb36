import type { Tensor } from '@tensorflow/tfjs';

type Nested<T> = readonly (T | Nested<T>)[];

type TypedNumbers = Int32Array | Float32Array | Float64Array | Uint8Array | Uint16Array | Uint32Array | BigInt64Array;

/** Numbers of a tensor: nested lists, typed arrays (with a shape, or of rank 1), or a tensor, which stays the caller's. */
export type Values = Tensor | Nested<number> | TypedNumbers;

export type BooleanValues = Values | Nested<boolean>;

/** Values with what else belongs to them. */
export interface Packed<T = Values> {
  readonly values: T;
  /** The shape of typed arrays and flat lists. */
  readonly shape?: readonly number[];
  /** How many rows of each sequence are real; the others are padding. */
  readonly lengths?: readonly number[];
  /** Instead of lengths: true (or 1) where a row is real, [B, T]. */
  readonly present?: BooleanValues;
}

/** Token ids. One sequence may be given as a flat list; sequences of different lengths are padded. */
export type TokenInput = Values | Packed;
export type FloatInput = Values | Packed;
export type IntInput = Values | Packed;
export type BoolInput = BooleanValues | Packed<BooleanValues>;
/** What an output is compared with in `loss`. */
export type LabelInput = Values;
