import { weightPatterns } from '../check/patterns.js';
import type { CheckpointDeclaration, GraphFunction, GraphModel, Region, WeightPath } from '../graph/graph.js';
import { allNodes, neededFor, readsOf } from '../graph/uses.js';
import { calledBy } from './values.js';

/**
 * The model with only these outputs: without the inputs, stages and weights that nothing else needs. Checkpoint maps
 * ignore the tensors of what is left out. Generation and training stay where their outputs do.
 */
export function selectOutputs(model: GraphModel, names: readonly string[]): GraphModel {
  const positions = model.outputs.flatMap(({ name }, position) => (names.includes(name) ? [position] : []));
  if (positions.length === model.outputs.length) return model;
  const { generate, train, ...rest } = model;
  const outputs = positions.flatMap((position) => model.outputs[position] ?? []);
  const isLeft = (name: string): boolean => outputs.some((output) => output.name === name);
  const { main, functions } = needed(model, positions);
  const inputs = model.inputs.filter(({ name }) => main.parameters.some(({ id }) => id === name));
  const selected: GraphModel = {
    ...rest,
    ...{ inputs, outputs, main, functions },
    ...(generate && isLeft(generate.output) && { generate }),
    ...(train && isLeft(train.output) && { train }),
  };
  return { ...selected, checkpoints: model.checkpoints.map((map) => fittingMap(map, selected)) };
}

/** What the results at these positions need of the model's functions. */
function needed(model: GraphModel, positions: readonly number[]): Pick<GraphModel, 'main' | 'functions'> {
  const needs = neededFor(model.main);
  const nodes = model.main.body.nodes.filter((node) => needs.get(node)?.some((result) => positions.includes(result)));
  const results = positions.flatMap((position) => model.main.body.results[position] ?? []);
  const body = { ...model.main.body, nodes, results };
  const functions = reachable(calledBy(body), model.functions);
  const read = new Set([...nodes.flatMap(readsOf), ...results]);
  const used = usedPaths([{ ...model.main, body }, ...functions]);
  const main: GraphFunction = {
    ...model.main,
    body,
    parameters: model.main.parameters.filter(({ id }) => read.has(id)),
    weights: model.main.weights.filter(({ path }) => used.has(key(path))),
    scopes: model.main.scopes
      .filter(({ path }) => used.has(key(path)))
      .map((scope) => ({ ...scope, function: calleeAt(scope.path, scope.function, body, functions) })),
  };
  return { main, functions };
}

/** The function that declares the weights of a scope: another specialisation of the same block where the first one is gone. */
function calleeAt(path: WeightPath, first: string, body: Region, functions: readonly GraphFunction[]): string {
  if (functions.some(({ name }) => name === first)) return first;
  for (const region of [body, ...functions.map((made) => made.body)])
    for (const node of allNodes(region))
      if (node.kind === 'call' && key(node.scope) === key(path)) return node.function;
  return first;
}

function reachable(names: readonly string[], functions: readonly GraphFunction[]): GraphFunction[] {
  const found = new Set<string>();
  const visit = (name: string): void => {
    if (found.has(name)) return;
    found.add(name);
    for (const inner of calledBy(functions.find((made) => made.name === name)?.body ?? emptyRegion)) visit(inner);
  };
  for (const name of names) visit(name);
  return functions.filter(({ name }) => found.has(name));
}

const emptyRegion = { parameters: [], nodes: [], results: [] };

/** Weights and scopes of the model itself that its first function, or an instance in another one, uses. */
function usedPaths([main, ...functions]: readonly [GraphFunction, ...GraphFunction[]]): ReadonlySet<string> {
  const found = new Set<string>();
  for (const made of [main, ...functions]) {
    for (const node of allNodes(made.body)) {
      const paths: WeightPath[] = node.kind === 'operator' ? Object.values(node.weights) : [];
      if (node.kind === 'call') paths.push(node.scope);
      for (const path of paths) if (made === main || path.root === 'model') found.add(key(path));
    }
  }
  return found;
}

const key = ({ segments }: WeightPath): string => JSON.stringify(segments);

/** Rules of weights that are gone become tensors to ignore. */
function fittingMap(map: CheckpointDeclaration, model: GraphModel): CheckpointDeclaration {
  const weights = weightPatterns(model).map((pattern) => pattern.map(({ name }) => name));
  const fills = (path: string): boolean => {
    const parts = path
      .replace(/\[\w+\]|\[\*\]/g, '')
      .split('.')
      .map((part) => part.replace(/[{}\s]/g, '').split(','));
    return weights.some((weight) => parts.every((names, i) => names.includes(weight[i] ?? '')));
  };
  const gone = map.rules.filter((rule) => !fills(rule.path));
  const left = model.outputs.map(({ name }) => name);
  return {
    ...map,
    rules: map.rules
      .filter((rule) => !gone.includes(rule))
      .map((rule) => ({ ...rule, outputs: rule.outputs.filter((name) => left.includes(name)) })),
    ignore: [
      ...map.ignore,
      ...gone.flatMap(({ template, also, or, place }) =>
        [template, ...also, ...or].flatMap((text) => [text, `${text}.*`].map((whole) => ({ template: whole, place }))),
      ),
    ],
    inputs: map.inputs.filter(({ input }) => model.inputs.some(({ name }) => name === input)),
    outputs: map.outputs.filter(({ output }) => left.includes(output)),
  };
}
