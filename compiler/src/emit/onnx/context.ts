import type { Value as Scalar } from '../../algebra/operators.js';
import { type Scope, valueIn } from '../../explain/scope.js';
import type { Expression, OperatorNode, ValueId } from '../../graph/graph.js';
import { type OperatorName, operators } from '../../graph/operators.js';
import type { Builder, Value } from './builder.js';
import type { ElementType } from './model.js';
import { Ops } from './ops.js';
import { configured, elementType, sizeIn } from './scope.js';
import { canonical, type Shape, type Size } from './sizes.js';
import type { Pass } from './state.js';
import { Unsupported } from './unsupported.js';

/** A value of the graph, or the results of all copies of a labelled repeat. */
export type Made = Value | readonly Made[];

/** One execution of one operator of the graph: what its lowering reads, and the builder that takes its nodes. */
export class OperatorContext {
  readonly node: OperatorNode;
  readonly builder: Builder;
  readonly ops: Ops;
  /** Which of the two steps of generation is being built, and where in the sequence it is. */
  readonly pass: Pass;
  readonly #scope: Scope;
  /** The path of the function's own scope: the name of a state is below it. */
  readonly #path: string;
  readonly #values: ReadonlyMap<ValueId, Made>;
  readonly #weights: Readonly<Record<string, { readonly path: string; readonly shape: readonly number[] }>>;

  constructor(around: {
    readonly node: OperatorNode;
    readonly builder: Builder;
    readonly pass: Pass;
    readonly scope: Scope;
    readonly path: string;
    readonly values: ReadonlyMap<ValueId, Made>;
    readonly weights: Readonly<Record<string, { readonly path: string; readonly shape: readonly number[] }>>;
  }) {
    this.node = around.node;
    this.builder = around.builder;
    this.ops = new Ops(around.builder);
    this.pass = around.pass;
    this.#scope = around.scope;
    this.#path = around.path;
    this.#values = around.values;
    this.#weights = around.weights;
  }

  /** The inputs in the operator's order. */
  get inputs(): readonly Value[] {
    return this.node.inputs.map((id) => {
      if (id === null) throw new Error(`'${this.node.operator}' is without an input`);
      return this.value(id);
    });
  }

  /** The inputs as real numbers: token ids and truth values have theirs. */
  get floats(): readonly Value[] {
    return this.inputs.map((input) => this.ops.cast(input, 'float'));
  }

  /** The element type of what the operator makes. */
  get type(): ElementType {
    return elementType[this.node.outputs[0]!.type.dtype];
  }

  /** The i-th input, `undefined` where it is left out. */
  input(i: number): Value | undefined {
    const id = this.node.inputs[i];
    return id === null || id === undefined ? undefined : this.value(id);
  }

  /** Any value in reach by its id: what formulas look up. */
  value(id: ValueId): Value {
    const made = this.made(id);
    if (!isValue(made)) throw new Error(`'${id}' is a list`);
    return made;
  }

  made(id: ValueId): Made {
    const made = this.#values.get(id);
    if (made === undefined) throw new Error(`the graph reads '${id}' before it is made`);
    return made;
  }

  /** A weight by role, in the spec's shape, or turned round; `undefined` where the node has none. */
  weight(role: string, transposed = false): Value | undefined {
    const weight = this.#weights[role];
    return weight && this.builder.weight(weight.path, weight.shape, transposed);
  }

  /** A weight that the operator cannot be without. */
  needed(role: string, transposed = false): Value {
    const weight = this.weight(role, transposed);
    if (!weight) throw new Error(`'${this.node.operator}' is without the weight '${role}'`);
    return weight;
  }

  /** The value of an attribute, its default where the node does not give it. `none` is null. */
  attribute(name: string): Scalar {
    return valueIn(this.#attribute(name), this.#scope);
  }

  number(name: string): number {
    return Number(this.attribute(name));
  }

  flag(name: string): boolean {
    return this.attribute(name) === true;
  }

  /** An attribute that is a size, or places on an axis. */
  size(name: string): Size {
    return sizeIn(this.#attribute(name), this.#scope);
  }

  /** An attribute that is a list of sizes. */
  sizes(name: string): Shape {
    const sizes = configured(this.#attribute(name), this.#scope);
    if (typeof sizes !== 'object' || sizes.kind !== 'list') throw new Error(`'${name}' is no list of sizes`);
    return sizes.items.map(canonical);
  }

  /** The axis that `axis: features` or `axis: sequence` names. */
  axisOf(x: Value): number {
    return this.attribute('axis') === 'sequence' ? sequenceAxis(x) : x.shape.length - 1;
  }

  /** A formula (`mask`, `score`, `formula`, `frequency`), with all that the configuration says put in. */
  formula(name: string): Expression {
    return configured(this.#attribute(name), this.#scope);
  }

  /** The absolute position of the first new row, int64 scalar; 0 where the sequence begins. */
  position(): Value | 0 {
    return this.pass.position(this.ops, this.attribute('behind') === null);
  }

  /** The path of the state of this node. */
  get statePath(): string {
    const { state } = this.node;
    if (state === undefined) throw new Error(`'${this.node.operator}' keeps no state`);
    return this.#path === '' ? state : `${this.#path}.${state}`;
  }

  unsupported(construct: string): Unsupported {
    return new Unsupported(construct, this.node.place);
  }

  #attribute(name: string): Expression {
    const given = this.node.attributes[name];
    if (given !== undefined) return given;
    const byDefault = operators[this.node.operator as OperatorName].attributes as Record<
      string,
      Expression | undefined
    >;
    return byDefault[name] ?? { kind: 'constant', name: 'none' };
  }
}

/** The sequence axis of [B, T, ..]; of a vector its only one. */
export function sequenceAxis(x: Value): number {
  return x.shape.length > 1 ? 1 : 0;
}

export function isValue(made: Made): made is Value {
  return !Array.isArray(made);
}
