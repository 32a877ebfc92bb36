import type { ElementType } from '../model.js';

/**
 * What of the official `onnx.proto` (proto2, package `onnx`) the compiler writes: field numbers of its messages and values of its
 * enumerations, under the schema's own names.
 */

export const ModelProto = {
  ir_version: 1,
  producer_name: 2,
  producer_version: 3,
  doc_string: 6,
  graph: 7,
  opset_import: 8,
  metadata_props: 14,
} as const;

/** The default operator set has an empty `domain`, which is left out. */
export const OperatorSetIdProto = { version: 2 } as const;

export const GraphProto = {
  node: 1,
  name: 2,
  initializer: 5,
  doc_string: 10,
  input: 11,
  output: 12,
  value_info: 13,
} as const;

export const NodeProto = { input: 1, output: 2, name: 3, op_type: 4, attribute: 5, doc_string: 6 } as const;

export const AttributeProto = {
  name: 1,
  f: 2,
  i: 3,
  s: 4,
  t: 5,
  g: 6,
  floats: 7,
  ints: 8,
  strings: 9,
  type: 20,
} as const;

/** `AttributeProto.AttributeType` */
export const AttributeType = {
  FLOAT: 1,
  INT: 2,
  STRING: 3,
  TENSOR: 4,
  GRAPH: 5,
  FLOATS: 6,
  INTS: 7,
  STRINGS: 8,
} as const;

export const TensorProto = {
  dims: 1,
  data_type: 2,
  name: 8,
  raw_data: 9,
  doc_string: 12,
  external_data: 13,
  data_location: 14,
} as const;

/** `TensorProto.DataLocation` */
export const DataLocation = { EXTERNAL: 1 } as const;

export const ValueInfoProto = { name: 1, type: 2, doc_string: 3 } as const;

export const TypeProto = { tensor_type: 1 } as const;

/** `TypeProto.Tensor` */
export const TensorType = { elem_type: 1, shape: 2 } as const;

export const TensorShapeProto = { dim: 1 } as const;

/** `TensorShapeProto.Dimension` */
export const Dimension = { dim_value: 1, dim_param: 2 } as const;

export const StringStringEntryProto = { key: 1, value: 2 } as const;

/** `TensorProto.DataType`, and how many bytes of `raw_data` one element takes. */
export const elementTypes: Readonly<Record<ElementType, { readonly number: number; readonly bytes: number }>> = {
  float: { number: 1, bytes: 4 },
  int32: { number: 6, bytes: 4 },
  int64: { number: 7, bytes: 8 },
  bool: { number: 9, bytes: 1 },
  double: { number: 11, bytes: 8 },
};

/** The operator sets that can be written. */
export const opsets = { oldest: 17, newest: 24, usual: 23 } as const;

/**
 * The version of the file format (`ModelProto.ir_version`) that came with an operator set: 8 with 17 and 18, 9 with 19 and 20,
 * 10 with 21 and 22, 11 with 23, 12 with 24. A consumer of that operator set reads it; a newer number it would refuse.
 */
export function irVersion(opset: number): number {
  if (opset <= 18) return 8;
  if (opset <= 20) return 9;
  if (opset <= 22) return 10;
  return opset - 12;
}
