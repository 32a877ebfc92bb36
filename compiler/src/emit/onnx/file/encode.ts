import { type BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import type { OnnxAttribute, OnnxGraph, OnnxNode, OnnxTensor, ValueInfo } from '../model.js';
import {
  AttributeProto,
  AttributeType,
  Dimension,
  elementTypes,
  GraphProto,
  NodeProto,
  StringStringEntryProto,
  TensorProto,
  TensorShapeProto,
  TensorType,
  TypeProto,
  ValueInfoProto,
} from './schema.js';

/** Messages that hold no weights, written to the wire. Fields come in the order of their numbers. */

/** A field of text; none where there is no text. */
export function text(writer: BinaryWriter, number: number, value: string | undefined): void {
  if (value !== undefined && value !== '') writer.tag(number, WireType.LengthDelimited).string(value);
}

export function integer(writer: BinaryWriter, number: number, value: number): void {
  writer.tag(number, WireType.Varint).int64(value);
}

/** A field that holds the message that `content` writes. */
export function message(writer: BinaryWriter, number: number, content: (inner: BinaryWriter) => void): void {
  writer.tag(number, WireType.LengthDelimited).fork();
  content(writer);
  writer.join();
}

/** `StringStringEntryProto` */
export function entry(writer: BinaryWriter, number: number, key: string, value: string): void {
  message(writer, number, () => {
    text(writer, StringStringEntryProto.key, key);
    text(writer, StringStringEntryProto.value, value);
  });
}

/** The fields of a graph before its initialisers. */
export function graphHead(writer: BinaryWriter, { nodes, name }: OnnxGraph): void {
  for (const node of nodes) message(writer, GraphProto.node, () => nodeFields(writer, node));
  text(writer, GraphProto.name, name);
}

/** The fields of a graph after its initialisers. */
export function graphTail(writer: BinaryWriter, { documentation, inputs, outputs, values }: OnnxGraph): void {
  text(writer, GraphProto.doc_string, documentation);
  for (const info of inputs) message(writer, GraphProto.input, () => valueInfoFields(writer, info));
  for (const info of outputs) message(writer, GraphProto.output, () => valueInfoFields(writer, info));
  for (const info of values) message(writer, GraphProto.value_info, () => valueInfoFields(writer, info));
}

/** A graph that is an attribute: the body of a loop. It uses the weights of the graphs around it and has none itself. */
function innerGraph(writer: BinaryWriter, graph: OnnxGraph): void {
  graphHead(writer, graph);
  for (const { name, documentation, data } of graph.initializers) {
    if ('weight' in data) throw new Error(`the weight '${name}' is an initialiser of the inner graph '${graph.name}'`);
    message(writer, GraphProto.initializer, () => tensorFields(writer, data, { name, documentation }));
  }
  graphTail(writer, graph);
}

function nodeFields(
  writer: BinaryWriter,
  { operator, name, inputs, outputs, attributes, documentation }: OnnxNode,
): void {
  // An empty name is an input that is left out: it keeps its place.
  for (const input of inputs) writer.tag(NodeProto.input, WireType.LengthDelimited).string(input);
  for (const output of outputs) writer.tag(NodeProto.output, WireType.LengthDelimited).string(output);
  text(writer, NodeProto.name, name);
  text(writer, NodeProto.op_type, operator);
  for (const [key, value] of Object.entries(attributes)) {
    message(writer, NodeProto.attribute, () => {
      text(writer, AttributeProto.name, key);
      attributeValue(writer, value);
    });
  }
  text(writer, NodeProto.doc_string, documentation);
}

const attributeTypes = {
  float: AttributeType.FLOAT,
  int: AttributeType.INT,
  string: AttributeType.STRING,
  tensor: AttributeType.TENSOR,
  graph: AttributeType.GRAPH,
  floats: AttributeType.FLOATS,
  ints: AttributeType.INTS,
  strings: AttributeType.STRINGS,
} as const;

function attributeValue(writer: BinaryWriter, attribute: OnnxAttribute): void {
  switch (attribute.kind) {
    case 'float':
      writer.tag(AttributeProto.f, WireType.Bit32).float(attribute.value);
      break;
    case 'int':
      integer(writer, AttributeProto.i, attribute.value);
      break;
    case 'string':
      writer.tag(AttributeProto.s, WireType.LengthDelimited).string(attribute.value);
      break;
    case 'tensor':
      message(writer, AttributeProto.t, () => tensorFields(writer, attribute.tensor));
      break;
    case 'graph':
      message(writer, AttributeProto.g, () => innerGraph(writer, attribute.graph));
      break;
    // Lists are not packed: proto2 packs only what the schema says.
    case 'floats':
      for (const value of attribute.values) writer.tag(AttributeProto.floats, WireType.Bit32).float(value);
      break;
    case 'ints':
      for (const value of attribute.values) integer(writer, AttributeProto.ints, value);
      break;
    case 'strings':
      for (const value of attribute.values) writer.tag(AttributeProto.strings, WireType.LengthDelimited).string(value);
      break;
  }
  writer.tag(AttributeProto.type, WireType.Varint).int32(attributeTypes[attribute.kind]);
}

/** Dimensions, element type and name, which stand before the data. */
export function tensorHead(
  writer: BinaryWriter,
  { type, shape }: Pick<OnnxTensor, 'type' | 'shape'>,
  name: string | undefined,
): void {
  for (const size of shape) integer(writer, TensorProto.dims, size);
  writer.tag(TensorProto.data_type, WireType.Varint).int32(elementTypes[type].number);
  text(writer, TensorProto.name, name);
}

/** A tensor whose bytes are known. */
export function tensorFields(
  writer: BinaryWriter,
  tensor: OnnxTensor,
  { name, documentation }: { readonly name?: string; readonly documentation?: string | undefined } = {},
): void {
  const { type, shape, bytes } = tensor;
  const expected = shape.reduce((product, size) => product * size, elementTypes[type].bytes);
  if (bytes.length !== expected) {
    throw new Error(`the tensor '${name ?? ''}' [${shape.join(', ')}] has ${bytes.length} bytes, not ${expected}`);
  }
  tensorHead(writer, tensor, name);
  writer.tag(TensorProto.raw_data, WireType.LengthDelimited).bytes(bytes);
  text(writer, TensorProto.doc_string, documentation);
}

function valueInfoFields(writer: BinaryWriter, { name, type, shape, documentation }: ValueInfo): void {
  text(writer, ValueInfoProto.name, name);
  message(writer, ValueInfoProto.type, () => {
    message(writer, TypeProto.tensor_type, () => {
      writer.tag(TensorType.elem_type, WireType.Varint).int32(elementTypes[type].number);
      message(writer, TensorType.shape, () => {
        for (const size of shape) message(writer, TensorShapeProto.dim, () => dimensionFields(writer, size));
      });
    });
  });
  text(writer, ValueInfoProto.doc_string, documentation);
}

function dimensionFields(writer: BinaryWriter, size: number | string): void {
  if (typeof size === 'number') integer(writer, Dimension.dim_value, size);
  else text(writer, Dimension.dim_param, size);
}
