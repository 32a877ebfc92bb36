import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import type { OnnxModel } from '../../../compiler/src/emit/onnx/index.js';
import { onnxFile, openSession, type Weights } from './onnx.js';

/** Field numbers of `onnx.proto`. */
const MODEL_GRAPH = 7;
const GRAPH_OUTPUT = 12;
const VALUE_NAME = 1;

/** What ONNX Runtime knows of a value: a number or a name for each axis. */
export interface InferredShape {
  readonly name: string;
  readonly shape: readonly (number | string)[];
}

/**
 * The shapes that ONNX Runtime infers for every value between the nodes. Each is made an output of the model without a type: a
 * second `graph` field, whose outputs a parser of protobuf puts behind those of the first.
 */
export async function inferredShapes(model: OnnxModel, weights: Weights): Promise<InferredShape[]> {
  const { nodes, outputs } = model.graph;
  const declared = new Set(outputs.map(({ name }) => name));
  const names = nodes.flatMap((node) => node.outputs.filter((name) => name !== '' && !declared.has(name)));
  const graph = new BinaryWriter();
  for (const name of names) {
    graph.tag(GRAPH_OUTPUT, WireType.LengthDelimited).fork();
    graph.tag(VALUE_NAME, WireType.LengthDelimited).string(name);
    graph.join();
  }
  const more = new BinaryWriter().tag(MODEL_GRAPH, WireType.LengthDelimited).bytes(graph.finish()).finish();
  const file = Buffer.concat([await onnxFile(model, weights), more]);
  const session = await openSession(file, false);
  try {
    return session.outputMetadata.flatMap((value) =>
      value.isTensor ? [{ name: value.name, shape: value.shape.map((size) => size) }] : [],
    );
  } finally {
    await session.release();
  }
}
