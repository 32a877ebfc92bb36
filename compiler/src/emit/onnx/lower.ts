import type { Configuration } from '../../explain/scope.js';
import {
  calleeScope,
  functionNamed,
  modelScope,
  sizeIn as numberIn,
  printPath,
  type Scope,
  valueIn,
  withLocal,
} from '../../explain/scope.js';
import { listWeights } from '../../explain/weights.js';
import type { GraphModel, Node, Region, ValueId } from '../../graph/graph.js';
import type { Builder, Value, Where } from './builder.js';
import { isValue, type Made, OperatorContext } from './context.js';
import { lowerings } from './operators/index.js';
import { lowerScan } from './operators/scan.js';
import { inTop } from './operators/top.js';
import { Ops } from './ops.js';
import { elementType, shapeIn } from './scope.js';
import type { Pass } from './state.js';

type Values = ReadonlyMap<ValueId, Made>;

/** Where statements stand: `root` is the path of the function's own weights, `shown` the same with the repeats around. */
interface Location {
  readonly root: string;
  readonly shown: string;
  readonly documentation?: string | undefined;
}

/** Runs through a configured model once, loops unrolled and conditions decided, and builds the nodes of each operator. */
export class Lowering {
  readonly builder: Builder;
  readonly pass: Pass;
  readonly #model: GraphModel;
  readonly #scope: Scope;
  readonly #shapes: ReadonlyMap<string, readonly number[]>;

  constructor(model: GraphModel, configuration: Configuration, builder: Builder, pass: Pass) {
    this.builder = builder;
    this.pass = pass;
    this.#model = model;
    this.#scope = modelScope(model, configuration);
    this.#shapes = new Map(listWeights(model, configuration).map(({ path, shape }) => [path, shape]));
  }

  /** The model's own statements: the outputs in their order. */
  main(inputs: readonly Value[]): readonly Value[] {
    const { parameters, body } = this.#model.main;
    const values = new Map<ValueId, Made>(parameters.map(({ id }, i) => [id, inputs[i]!]));
    return this.region(body, values, { root: '', shown: '' }, this.#scope).map(single);
  }

  region(region: Region, outer: Values, location: Location, scope: Scope): readonly Made[] {
    const values = new Map(outer);
    for (const node of region.nodes) {
      const made = this.#node(node, values, location, scope);
      for (const [i, { id }] of node.outputs.entries()) values.set(id, made[i]!);
    }
    return region.results.map((id) => found(values, id));
  }

  /** The results of a node, made now or, for a constant of generation, before. */
  #node(node: Node, values: Values, location: Location, scope: Scope): readonly Made[] {
    const { keep } = node;
    // What costs nothing is not kept: an input is there in every step, and so is a weight.
    if (keep === undefined || (node.kind === 'operator' && node.operator === 'present'))
      return this.#make(node, values, location, scope);
    let made: readonly Made[] | undefined;
    const path = join(location.shown, keep);
    return node.outputs.map(({ type }, i) => {
      const kept = (at: string, pick: (results: readonly Made[]) => Made): Value =>
        this.pass.kept(this.builder, at, { type: elementType[type.dtype], shape: shapeIn(type, scope) }, () => {
          made ??= this.#make(node, values, location, scope);
          return single(pick(made));
        });
      if (node.kind !== 'repeat' || i === 0) return kept(i === 0 ? path : `${path}:${i}`, (results) => results[i]!);
      return Array.from({ length: numberIn(node.count, scope) }, (_, copy) =>
        kept(`${path}[${copy}]`, (results) => (results[i] as readonly Made[])[copy]!),
      );
    });
  }

  #make(node: Node, values: Values, location: Location, scope: Scope): readonly Made[] {
    switch (node.kind) {
      case 'operator': {
        const where = this.#where(node, location, scope);
        const context = new OperatorContext({
          node,
          values,
          scope,
          builder: this.builder,
          pass: this.pass,
          path: location.shown,
          weights: this.#weights(node.weights, location, scope),
        });
        const lowering = lowerings[node.operator];
        if (!lowering) throw context.unsupported(`the operator ${node.operator}`);
        return this.builder.at(where, () => {
          const made = lowering(context);
          return Array.isArray(made) && node.operator !== 'element' ? (made as readonly Made[]) : [made as Made];
        });
      }
      case 'call':
        return this.#call(node, values, location, scope);
      case 'if': {
        const taken = valueIn(node.condition, scope) === true ? node.then : node.else;
        return this.region(taken, values, location, scope);
      }
      case 'repeat':
        return this.#repeat(node, values, location, scope);
      case 'experts':
        return [this.#experts(node, values, location, scope)];
      case 'scan': {
        const path = join(location.shown, node.label ?? '');
        const run = (inner: Values): readonly Value[] => this.region(node.region, inner, location, scope).map(single);
        const read = (id: ValueId): Value => single(found(values, id));
        return this.builder.at(this.#where(node, location, scope), () =>
          lowerScan({
            node,
            path,
            builder: this.builder,
            pass: this.pass,
            statePath: join(location.shown, node.state ?? ''),
            values,
            read,
            run,
          }),
        );
      }
    }
  }

  #call(node: Extract<Node, { kind: 'call' }>, values: Values, location: Location, scope: Scope): readonly Made[] {
    const callee = functionNamed(this.#model, node.function);
    const path = printPath(node.scope, location.root, scope);
    const inputs = node.inputs.map((id) => found(values, id));
    const parameters = new Map(callee.parameters.map(({ id }, i) => [id, inputs[i]!]));
    const inner = { root: path, shown: this.#shownBelow(path, location), documentation: callee.documentation };
    return this.region(callee.body, parameters, inner, calleeScope(scope, callee, node.scalars));
  }

  /** In a copy of a repeat, an instance that all copies share is shown below the copy: its state is the copy's own. */
  #shownBelow(path: string, { root, shown }: Location): string {
    return shown === root || path.startsWith(shown) ? path : join(shown, path);
  }

  #repeat(node: Extract<Node, { kind: 'repeat' }>, values: Values, location: Location, scope: Scope): readonly Made[] {
    const path = printPath(node.scope, location.root, scope);
    const copies: Made[] = [];
    let stream = found(values, node.inputs[0]);
    for (let i = 0; i < numberIn(node.count, scope); i++) {
      const inner = new Map(values);
      for (const id of node.region.parameters) inner.set(id, stream);
      const copy = { ...location, shown: `${path}[${i}]` };
      const [result] = this.region(node.region, inner, copy, withLocal(scope, node.index, i));
      stream = result!;
      copies.push(stream);
    }
    return node.collects ? [stream, copies] : [stream];
  }

  /** Every expert on every row, times its share, which is 0 where the row did not choose it. */
  #experts(node: Extract<Node, { kind: 'experts' }>, values: Values, location: Location, scope: Scope): Made {
    const [rows, given] = node.inputs.map((id) => single(found(values, id)));
    const path = printPath(node.scope, location.root, scope);
    const count = numberIn(node.count, scope);
    const top = numberIn(node.top, scope);
    const { builder } = this;
    const ops = new Ops(builder);
    const where = this.#where(node, location, scope);
    const shares = builder.at(where, () => {
      const chosen = top < count ? ops.where(inTop(ops, given!, top), given!, ops.scalar(0)) : given!;
      return ops.split(chosen, -1, Array<number>(count).fill(1));
    });
    const parts = shares.map((share, i) => {
      const inner = new Map(values);
      for (const id of node.region.parameters) inner.set(id, rows!);
      const copy = { ...location, shown: `${path}[${i}]` };
      const [result] = this.region(node.region, inner, copy, withLocal(scope, node.index, i)).map(single);
      return builder.at(where, () => ops.multiply(result!, share));
    });
    return builder.at(where, () => parts.reduce((sum, part) => ops.add(sum, part)));
  }

  /** Nodes are called after the weights that they use, else after the label, else after the place around them. */
  #where(node: Node, { root, shown, documentation }: Location, scope: Scope): Where {
    const [role, weight] = node.kind === 'operator' ? (Object.entries(node.weights)[0] ?? []) : [];
    const weightPath = weight ? printPath(weight, root, scope) : '';
    const owner = weightPath.endsWith(`.${role}`) ? weightPath.slice(0, -`.${role}`.length) : weightPath;
    const own = owner || (node.label ? join(shown, node.label) : '');
    return { path: own || shown, own: own !== '', place: node.place, documentation };
  }

  #weights(paths: Extract<Node, { kind: 'operator' }>['weights'], { root }: Location, scope: Scope) {
    return Object.fromEntries(
      Object.entries(paths).flatMap(([role, weight]) => {
        const path = printPath(weight, root, scope);
        const shape = this.#shapes.get(path);
        // A bias that the configuration decides against is declared for others.
        return shape ? [[role, { path, shape }]] : [];
      }),
    );
  }
}

function found(values: Values, id: ValueId): Made {
  const made = values.get(id);
  if (made === undefined) throw new Error(`the graph reads '${id}' before it is made`);
  return made;
}

function single(made: Made): Value {
  if (!isValue(made)) throw new Error('a list where a value is wanted');
  return made;
}

function join(prefix: string, label: string): string {
  return prefix && label && !label.startsWith('[') ? `${prefix}.${label}` : prefix + label;
}
