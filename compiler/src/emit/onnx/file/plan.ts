import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import type { OnnxGraph, OnnxInitializer, OnnxModel, WeightTensor } from '../model.js';
import { type Content, contentOf, field, type Segment, type WeightSegment } from './content.js';
import { entry, graphHead, graphTail, integer, message, tensorFields, tensorHead, text } from './encode.js';
import {
  DataLocation,
  elementTypes,
  GraphProto,
  irVersion,
  ModelProto,
  OperatorSetIdProto,
  TensorProto,
} from './schema.js';

/** Parsers of protobuf read no message of 2 GiB or more. */
const MOST_BYTES = 2 ** 31 - 1;

/** In a data file, weights from this size on begin at a page, so that they can be mapped into memory; others at 64 bytes. */
const LARGE_BYTES = 2 ** 20;
const PAGE_BYTES = 4096;
const LINE_BYTES = 64;

export interface NamedModel {
  /** `gpt2.onnx` */
  readonly name: string;
  readonly model: OnnxModel;
}

export interface PlannedFile {
  readonly name: string;
  readonly content: Content;
}

export interface PlanOptions {
  /** The paths of the weights in the order in which they will come: so they are written. */
  readonly order: readonly string[];
  /** Weights go to a data file of their own, however small they are. */
  readonly externalData?: boolean;
  /** The name of that file, which lies beside the models: `gpt2.onnx.data`. */
  readonly dataFile: string;
  /** The most bytes of a file with a model. Default {@link MOST_BYTES}. */
  readonly mostBytes?: number;
}

/**
 * The files that models of one spec are written to: each holds its weights, or, where this is asked for or one would be too large
 * for protobuf, all share a data file that has each weight once. The data file comes first. Throws for a weight that `order` lacks.
 */
export function planFiles(models: readonly NamedModel[], options: PlanOptions): readonly PlannedFile[] {
  const { order, externalData = false, dataFile, mostBytes = MOST_BYTES } = options;
  const rank = new Map(order.map((path, i) => [path, i]));
  if (!externalData) {
    const files = models.map(({ name, model }) => ({ name, content: modelContent(model, rank) }));
    if (files.every(({ content }) => content.length <= mostBytes)) return files;
  }
  const data = planData(models, rank, dataFile);
  const files = models.map(({ name, model }) => ({ name, content: modelContent(model, rank, data) }));
  return [{ name: dataFile, content: data.content }, ...files];
}

type Rank = ReadonlyMap<string, number>;

interface ExternalData {
  readonly content: Content;
  /** Of the file, relative to the model's. */
  readonly location: string;
  /** Where each weight begins. */
  readonly offsets: ReadonlyMap<string, number>;
}

function modelContent(model: OnnxModel, rank: Rank, data?: ExternalData): Content {
  const head = new BinaryWriter();
  integer(head, ModelProto.ir_version, irVersion(model.opset));
  text(head, ModelProto.producer_name, 'tfm');
  text(head, ModelProto.producer_version, model.toolVersion);
  text(head, ModelProto.doc_string, model.documentation);
  const tail = new BinaryWriter();
  message(tail, ModelProto.opset_import, () => integer(tail, OperatorSetIdProto.version, model.opset));
  for (const [key, value] of Object.entries(model.metadata)) entry(tail, ModelProto.metadata_props, key, value);
  const graph = field(ModelProto.graph, graphContent(model.graph, rank, data));
  return contentOf([head.finish(), ...graph, tail.finish()]);
}

function graphContent(graph: OnnxGraph, rank: Rank, data: ExternalData | undefined): Content {
  const head = new BinaryWriter();
  graphHead(head, graph);
  const tail = new BinaryWriter();
  graphTail(tail, graph);
  const initializers = inOrder(graph.initializers, rank).flatMap((initializer) =>
    field(GraphProto.initializer, initializerContent(initializer, data)),
  );
  return contentOf([head.finish(), ...initializers, tail.finish()]);
}

/** What the compiler computed first, then the weights as they will come. */
function inOrder(initializers: readonly OnnxInitializer[], rank: Rank): readonly OnnxInitializer[] {
  const place = ({ data }: OnnxInitializer): number => {
    if (!('weight' in data)) return -1;
    const found = rank.get(data.weight);
    if (found === undefined) throw new Error(`nothing gives the weight '${data.weight}'`);
    return found;
  };
  return initializers
    .map((initializer) => ({ initializer, at: place(initializer) }))
    .sort((a, b) => a.at - b.at)
    .map(({ initializer }) => initializer);
}

function initializerContent({ name, documentation, data }: OnnxInitializer, file: ExternalData | undefined): Content {
  const writer = new BinaryWriter();
  if (!('weight' in data)) {
    tensorFields(writer, data, { name, documentation });
    return contentOf([writer.finish()]);
  }
  const weight = segmentOf(data);
  tensorHead(writer, { type: 'float', shape: data.shape }, name);
  const after = new BinaryWriter();
  text(after, TensorProto.doc_string, documentation);
  if (file === undefined) {
    const values = field(TensorProto.raw_data, contentOf([weight]));
    return contentOf([writer.finish(), ...values, after.finish()]);
  }
  const place = { location: file.location, offset: file.offsets.get(keyOf(weight)) ?? 0, length: weight.length };
  for (const [key, value] of Object.entries(place)) entry(after, TensorProto.external_data, key, String(value));
  after.tag(TensorProto.data_location, WireType.Varint).int32(DataLocation.EXTERNAL);
  return contentOf([writer.finish(), after.finish()]);
}

function segmentOf({ weight, shape, transposed }: WeightTensor): WeightSegment {
  const length = shape.reduce((product, size) => product * size, elementTypes.float.bytes);
  return { weight, shape, transposed, length };
}

const keyOf = ({ weight, transposed }: WeightSegment): string => `${weight} ${transposed}`;

/** The data file of all weights of the models, each there once, in the order in which they will come. */
function planData(models: readonly NamedModel[], rank: Rank, location: string): ExternalData {
  const weights = new Map<string, WeightSegment>();
  for (const { data } of inOrder(
    models.flatMap(({ model }) => model.graph.initializers),
    rank,
  )) {
    if ('weight' in data) weights.set(keyOf(segmentOf(data)), segmentOf(data));
  }
  const segments: Segment[] = [];
  const offsets = new Map<string, number>();
  let length = 0;
  for (const [key, weight] of weights) {
    const alignment = weight.length >= LARGE_BYTES ? PAGE_BYTES : LINE_BYTES;
    const padding = (alignment - (length % alignment)) % alignment;
    if (padding > 0) segments.push(new Uint8Array(padding));
    segments.push(weight);
    offsets.set(key, length + padding);
    length += padding + weight.length;
  }
  return { content: { segments, length }, location, offsets };
}
