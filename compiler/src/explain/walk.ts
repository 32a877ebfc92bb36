import type { GraphModel, Node, Region, ValueId, ValueType } from '../graph/graph.js';
import {
  type Configuration,
  calleeScope,
  type Dimensions,
  functionNamed,
  modelScope,
  printPath,
  type Scope,
  type ScopedType,
  sizeIn,
  valueIn,
  withLocal,
} from './scope.js';

/** One execution of one node: a node in a block that is called twelve times has twelve instances. */
export interface Instance {
  readonly node: Node;
  /** The scope's path and the node's label: `layers[0].attention.q`. */
  readonly path: string;
  readonly scope: Scope;
  readonly inputs: readonly (ScopedType | null)[];
  readonly outputs: readonly ScopedType[];
  /** Role → path of the weight. Empty for all but operators. */
  readonly weights: Readonly<Record<string, string>>;
  /** What a call, a repeat, a choice or a scan contains. A repeat has one part for each copy, experts one for each, the others have one. */
  readonly parts: readonly (readonly Instance[])[];
}

/** The values in reach of a region, each with its type. */
type Values = ReadonlyMap<ValueId, ScopedType>;

/** `root`: where the function's own weights live. `shown`: the same with the repeats around, for display. */
interface Place {
  readonly root: string;
  readonly shown: string;
}

/** The tree of everything that a configured model executes: loops run through, conditions decided, calls entered. */
export function walk(model: GraphModel, configuration: Configuration): Instance[] {
  const scope = modelScope(model, configuration);
  const values = new Map(model.main.parameters.map(({ id, type }) => [id, { type, scope }]));
  return walkRegion(model.main.body, values, { root: '', shown: '' }, scope).instances;
}

/** All instances below and including those given, outer ones first. */
export function* flatten(list: readonly Instance[]): Generator<Instance> {
  for (const instance of list) {
    yield instance;
    for (const part of instance.parts) yield* flatten(part);
  }
}

/** The sizes of a value for given input dimensions. */
export function shapeOf({ type, scope }: ScopedType, dimensions: Dimensions): number[] {
  return type.shape.map((size) => sizeIn(size, scope, dimensions));
}

function walkRegion(
  region: Region,
  outer: Values,
  place: Place,
  scope: Scope,
): { instances: Instance[]; results: ScopedType[] } {
  const values = new Map(outer);
  const list: Instance[] = [];
  for (const node of region.nodes) {
    const instance = walkNode(node, values, place, scope);
    list.push(instance);
    for (const [i, { id }] of node.outputs.entries()) values.set(id, instance.outputs[i]!);
  }
  return { instances: list, results: region.results.map((id) => lookUp(values, id)) };
}

function walkNode(node: Node, values: Values, place: Place, scope: Scope): Instance {
  const outputs = node.outputs.map(({ type }) => ({ type, scope }));
  const madeOf = (values: readonly (ScopedType | null)[]): ScopedType[] =>
    values.some((value) => value?.scored) ? scoredOf(outputs) : outputs;
  const path = join(place.shown, node.label ?? '');
  const base = { node, path, scope, outputs, weights: {}, inputs: [], parts: [] };
  switch (node.kind) {
    case 'operator': {
      const inputs = node.inputs.map((id) => (id === null ? null : lookUp(values, id)));
      const weights: Record<string, string> = {};
      for (const [role, weight] of Object.entries(node.weights)) weights[role] = printPath(weight, place.root, scope);
      const made = node.operator === 'scored_rows' ? scoredOf(outputs) : madeOf(inputs);
      return { ...base, inputs, weights, outputs: made };
    }
    case 'call': {
      const inputs = node.inputs.map((id) => lookUp(values, id));
      const callee = functionNamed(scope.model, node.function);
      const inner = calleeScope(scope, callee, node.scalars);
      const calleePath = printPath(node.scope, place.root, scope);
      const given = callee.parameters.map(({ id, type }, i): [ValueId, ScopedType] => {
        return [id, { type, scope: inner, scored: inputs[i]?.scored }];
      });
      const { instances: part } = walkRegion(
        callee.body,
        new Map(given),
        { root: calleePath, shown: calleePath },
        inner,
      );
      return { ...base, path: calleePath, inputs, parts: [part], outputs: madeOf(inputs) };
    }
    case 'if': {
      const taken = valueIn(node.condition, scope) === true ? node.then : node.else;
      const { instances: part, results } = walkRegion(taken, values, place, scope);
      return { ...base, parts: [part], outputs: madeOf(results) };
    }
    case 'scan': {
      const states = node.states.map((id) => lookUp(values, id));
      const sequences = node.sequences.map((id) => lookUp(values, id));
      const inner = bind(values, node.region, [...states, ...sequences.map(row)]);
      const { instances: part } = walkRegion(node.region, inner, place, scope);
      return { ...base, inputs: [...states, ...sequences], parts: [part] };
    }
    case 'experts': {
      const inputs = node.inputs.map((id) => lookUp(values, id));
      const path = printPath(node.scope, place.root, scope);
      const parts = Array.from({ length: sizeIn(node.count, scope) }, (_, i) => {
        const inner = { ...place, shown: `${path}[${i}]` };
        return walkRegion(node.region, bind(values, node.region, inputs), inner, withLocal(scope, node.index, i))
          .instances;
      });
      return { ...base, path, inputs, parts, outputs: madeOf(inputs) };
    }
    case 'repeat': {
      const inputs = node.inputs.map((id) => lookUp(values, id));
      const path = printPath(node.scope, place.root, scope);
      const parts: Instance[][] = [];
      let stream = inputs;
      for (let i = 0; i < sizeIn(node.count, scope); i++) {
        const copyScope = withLocal(scope, node.index, i);
        const copy = walkRegion(
          node.region,
          bind(values, node.region, stream),
          { ...place, shown: `${path}[${i}]` },
          copyScope,
        );
        parts.push(copy.instances);
        stream = copy.results;
      }
      const [last] = stream;
      return { ...base, path, inputs, parts, outputs: last ? [last, ...outputs.slice(1)] : outputs };
    }
  }
}

const scoredOf = (values: readonly ScopedType[]): ScopedType[] => values.map((value) => ({ ...value, scored: true }));

function bind(values: Values, region: Region, types: readonly ScopedType[]): Values {
  const inner = new Map(values);
  for (const [i, id] of region.parameters.entries()) {
    const type = types[i];
    if (type) inner.set(id, type);
  }
  return inner;
}

/** One row of a sequence: axis 1 is gone. */
function row({ type, scope }: ScopedType): ScopedType {
  const rowType: ValueType = { dtype: type.dtype, shape: type.shape.filter((_, axis) => axis !== 1) };
  return { type: rowType, scope };
}

function lookUp(values: Values, id: ValueId): ScopedType {
  const found = values.get(id);
  if (!found) throw new Error(`the graph uses the value '${id}' before it is made`);
  return found;
}

function join(prefix: string, label: string): string {
  return prefix && label && !label.startsWith('[') ? `${prefix}.${label}` : prefix + label;
}
