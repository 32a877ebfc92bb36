import type { Configuration } from '../../explain/scope.js';
import { modelScope } from '../../explain/scope.js';
import type { GraphModel, InputDeclaration } from '../../graph/graph.js';
import { Builder, type Value } from './builder.js';
import { Lowering } from './lower.js';
import type { OnnxGraph, OnnxModel } from './model.js';
import { elementType, shapeIn, sizeIn } from './scope.js';
import { type Shape, sum } from './sizes.js';
import { type Entry, Pass, showSizes } from './state.js';
import { Unsupported } from './unsupported.js';

export type { OnnxModel } from './model.js';
export type { Entry } from './state.js';

export interface OnnxOptions {
  /** The version of ONNX's operator set: 17 … 24. From 23 on attention and rotary embedding are operators. */
  readonly opset: number;
  readonly entry: Entry;
  readonly toolVersion: string;
  /** `metadata_props` of the file. */
  readonly metadata: Readonly<Record<string, string>>;
}

export type OnnxResult = { readonly model: OnnxModel } | { readonly unsupported: Unsupported };

/**
 * A configured model as an ONNX model: its sizes are numbers, the dimensions of its inputs stay names. `prefill` and
 * `decode` are the two steps of `generate`; they need a model that has it.
 */
export function emitOnnx(model: GraphModel, configuration: Configuration, options: OnnxOptions): OnnxResult {
  const { opset, entry, toolVersion, metadata } = options;
  try {
    // The prefill gives the constants that the decode step reads, and no others.
    const wanted = entry === 'prefill' ? inputNames(lower(model, configuration, opset, 'decode')) : undefined;
    const graph = lower(model, configuration, opset, entry, wanted);
    const documentation = model.documentation;
    return { model: { opset, graph, toolVersion, metadata, ...(documentation !== undefined && { documentation }) } };
  } catch (error) {
    if (error instanceof Unsupported) return { unsupported: error };
    throw error;
  }
}

function lower(
  model: GraphModel,
  configuration: Configuration,
  opset: number,
  entry: Entry,
  wanted?: ReadonlySet<string>,
): OnnxGraph {
  const { generate } = model;
  if (!generate && entry !== 'forward') throw new Error(`${model.name} does not generate: it has no ${entry}`);
  const scope = modelScope(model, configuration);
  const builder = new Builder(opset);
  const pass = new Pass(entry, Number(generate ? sizeIn(generate.prefix, scope) : 0), wanted);
  for (const { name } of model.outputs) builder.reserve(name);
  const inputs = model.inputs.map((input) => declare(input, shapeIn(input.type, scope), builder, pass, generate));
  const results = new Lowering(model, configuration, builder, pass).main(inputs);
  model.outputs.forEach(({ name, documentation }, i) => {
    if (entry === 'forward' || name === generate?.output) builder.output(name, results[i]!, documentation);
  });
  pass.finish(builder);
  // Nothing that comes in has as many rows as there were: the caller says it.
  if (builder.misses('past')) builder.showNumber('past', builder.input('position', 'int64', []));
  return builder.graph(model.name, model.documentation);
}

function declare(
  { name, type, documentation, presence }: InputDeclaration,
  shape: Shape,
  builder: Builder,
  pass: Pass,
  generate: GraphModel['generate'],
): Value {
  const input = builder.input(name, elementType[type.dtype], shape, documentation);
  showSizes(builder, input, shape);
  if (presence) declarePresence(input, builder, pass, generate?.input === name);
  return input;
}

/** Where `present(x)` is read, the mask of real rows comes in beside x: of a growing input for all rows so far. */
function declarePresence(input: Value, builder: Builder, pass: Pass, grows: boolean): void {
  const [batch = 1, rows = 1] = input.shape;
  const shape = [batch, grows ? sum(pass.rowsBefore(false), rows) : rows];
  const documentation = `true where a row of ${input.name} is real, false where it is padding`;
  const presence = builder.input(`${input.name}.present`, 'bool', shape, documentation);
  showSizes(builder, presence, shape);
  pass.setPresence(input, presence);
}

function inputNames({ inputs }: OnnxGraph): ReadonlySet<string> {
  return new Set(inputs.map(({ name }) => name));
}
