/**
 * An ONNX model as data, before it is written: what of `onnx.proto` the compiler uses, under the schema's own names.
 * Weights are named, not held: whoever writes the file streams them.
 */

export interface OnnxModel {
  /** The version of the default operator set. */
  readonly opset: number;
  readonly graph: OnnxGraph;
  readonly documentation?: string;
  /** `producer_version` */
  readonly toolVersion: string;
  /** `metadata_props`, in this order. */
  readonly metadata: Readonly<Record<string, string>>;
}

export interface OnnxGraph {
  readonly name: string;
  readonly documentation?: string;
  readonly nodes: readonly OnnxNode[];
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
  readonly initializers: readonly OnnxInitializer[];
  /** `value_info`: what is known of values between the nodes. */
  readonly values: readonly ValueInfo[];
}

export interface OnnxNode {
  /** `op_type`, of the default domain. */
  readonly operator: string;
  /** Unique in the file: `h[0].attn.q`. */
  readonly name: string;
  /** An empty name is an optional input that is left out. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, OnnxAttribute>>;
  readonly documentation?: string;
}

export type OnnxAttribute =
  | { readonly kind: 'int'; readonly value: number }
  | { readonly kind: 'float'; readonly value: number }
  | { readonly kind: 'string'; readonly value: string }
  | { readonly kind: 'ints'; readonly values: readonly number[] }
  | { readonly kind: 'floats'; readonly values: readonly number[] }
  | { readonly kind: 'strings'; readonly values: readonly string[] }
  | { readonly kind: 'graph'; readonly graph: OnnxGraph }
  | { readonly kind: 'tensor'; readonly tensor: OnnxTensor };

/** The element types that the compiler makes; `TensorProto.DataType` has their numbers. */
export type ElementType = 'float' | 'double' | 'int32' | 'int64' | 'bool';

export interface ValueInfo {
  readonly name: string;
  readonly type: ElementType;
  /** A number is `dim_value`, a text is `dim_param`: `B`, `T + 1`. */
  readonly shape: readonly (number | string)[];
  readonly documentation?: string;
}

/** A tensor with its bytes (little-endian, rows in order): constants that the compiler computes, all of them small. */
export interface OnnxTensor {
  readonly type: ElementType;
  readonly shape: readonly number[];
  readonly bytes: Uint8Array;
}

export interface OnnxInitializer {
  readonly name: string;
  readonly documentation?: string;
  readonly data: OnnxTensor | WeightTensor;
}

/** A weight of the model, float32. */
export interface WeightTensor {
  readonly weight: string;
  /** The shape in this file: turned round where `transposed`. */
  readonly shape: readonly number[];
  /** The spec's `[out, in]` is written as `[in, out]`, which products want. Only for matrices. */
  readonly transposed: boolean;
}
