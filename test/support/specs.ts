import path from 'node:path';
import type { Scalar, Tensor } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import { compile } from '../../compiler/src/compile.js';
import type { Graph, GraphModel } from '../../compiler/src/graph/graph.js';
import { nodeHost } from '../../compiler/src/source/node-host.js';
import type {
  BatchOptions,
  Completion,
  Explanation,
  Finished,
  GenerateOptions,
  GenerationState,
  Prefilled,
  PrefillOptions,
  SaveModelOptions,
  Score,
  ScoreOptions,
  SourceLike,
} from '../../runtime/src/index.js';
import { read } from '../../runtime/src/index.js';
import { generated } from '../compiler/emit/generated.js';
import { normal } from './cases/case.js';

type Tensors = Readonly<Record<string, Tensor>>;
type Inputs = Readonly<Record<string, unknown>>;

/** What every generated class has, as tests use it; `generate`, `prefill`, `step` and `loss` where the spec declares them. */
export interface SpecModel {
  readonly config: Readonly<Record<string, unknown>>;
  readonly weights: object;
  readonly parameterCount: number;
  save(options?: SaveModelOptions): AsyncGenerator<Uint8Array>;
  forward(inputs: Inputs, options?: { readonly outputs?: readonly string[] }): Tensors;
  explain(inputs: Inputs): Explanation;
  trainable(): Map<string, tf.Variable>;
  loss(inputs: Inputs, options?: { readonly training?: boolean }): Scalar;
  generate(inputs: Inputs, options: GenerateOptions): AsyncGenerator<number, Finished, undefined>;
  generateBatch(inputs: Inputs, options: BatchOptions): AsyncGenerator<(number | null)[], Finished[], undefined>;
  complete(inputs: Inputs, options?: BatchOptions): Promise<Completion[][]>;
  score(inputs: Inputs, options?: ScoreOptions): Promise<Score>;
  prefill(inputs: Inputs, options?: PrefillOptions): Prefilled;
  step(tokens: number | readonly (number | null)[], state: GenerationState): Tensor;
  dispose(): void;
}

export interface SpecClass {
  readonly presets: Readonly<Record<string, object>>;
  init(options: { readonly config: object; readonly seed?: number }): SpecModel;
  load(from: SourceLike, options: object): Promise<SpecModel>;
}

const graphs = new Map<string, Graph>();

/** The graph of a spec, by its path from the project's root. Throws what the compiler says where there are errors. */
export function graphOf(spec: string): Graph {
  const known = graphs.get(spec);
  if (known) return known;
  const { graph, diagnostics } = compile(nodeHost(path.resolve(path.dirname(spec))), path.basename(spec));
  if (!graph) throw new Error(`${spec}: ${diagnostics.map(({ message }) => message).join('; ')}`);
  graphs.set(spec, graph);
  return graph;
}

export function graphModel(spec: string, name: string): GraphModel {
  const model = graphOf(spec).models.find((candidate) => candidate.name === name);
  if (!model) throw new Error(`${spec} has no model ${name}`);
  return model;
}

/** The class that the compiler generates for a model, on the sources of the runtime. */
export async function specClass(spec: string, name: string): Promise<SpecClass> {
  const found = (await generated<Readonly<Record<string, SpecClass>>>(graphOf(spec)))[name];
  if (!found) throw new Error(`the module of ${spec} exports no ${name}`);
  return found;
}

/**
 * A model with fresh weights, each of them moved: biases of 0 and norms of 1 would hide mistakes. The same numbers on
 * every backend.
 */
export async function perturbed(spec: string, name: string, config: object = {}, seed = 1): Promise<SpecModel> {
  return perturbedOf(await specClass(spec, name), config, seed);
}

/** The same of a class. */
export function perturbedOf(of: SpecClass, config: object, seed: number): SpecModel {
  const model = of.init({ config, seed });
  variables(model.weights).forEach((variable, i) => {
    tf.tidy(() => {
      const { data } = normal(variable.shape, 1000 * seed + i, 0.3);
      variable.assign(tf.add(variable, tf.tensor(Float32Array.from(data), variable.shape)));
    });
  });
  return model;
}

/** Every variable of a tree of weights, in its order. */
export function variables(tree: object): tf.Variable[] {
  return Object.values(tree).flatMap((child: object) => (child instanceof tf.Variable ? [child] : variables(child)));
}

/** The numbers of a tensor, which is disposed. */
export async function taken(tensor: Tensor): Promise<Float32Array> {
  const values = await read(tensor);
  tensor.dispose();
  return Float32Array.from(values);
}

/** One output of a pass over everything. */
export async function output(model: SpecModel, inputs: Inputs, name = 'logits'): Promise<Float32Array> {
  const tensor = model.forward(inputs, { outputs: [name] })[name];
  if (!tensor) throw new Error(`there is no output ${name}`);
  return taken(tensor);
}

/** All tokens of a generation. */
export async function tokensOf(generation: AsyncGenerator<number, Finished, undefined>): Promise<number[]> {
  const tokens: number[] = [];
  for await (const token of generation) tokens.push(token);
  return tokens;
}

/** The largest difference; infinite where lengths differ or a number is none. */
export function largestDifference(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (actual.length !== expected.length || expected.length === 0) return Number.POSITIVE_INFINITY;
  let worst = 0;
  for (let i = 0; i < expected.length; i++) {
    const difference = Math.abs(actual[i]! - expected[i]!);
    if (!(difference <= worst)) worst = Number.isNaN(difference) ? Number.POSITIVE_INFINITY : difference;
  }
  return worst;
}

/** The index of the largest; the first of equal ones. */
export function argmax(values: ArrayLike<number>): number {
  let best = 0;
  for (let i = 1; i < values.length; i++) if (values[i]! > values[best]!) best = i;
  return best;
}
