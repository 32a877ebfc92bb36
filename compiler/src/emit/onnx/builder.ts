import type { Place } from '../../graph/graph.js';
import type { ElementType, OnnxAttribute, OnnxGraph, OnnxInitializer, OnnxNode, ValueInfo } from './model.js';
import { needed, renamed } from './nodes.js';
import { type Shown, sizeNodes } from './shown.js';
import { printSize, type Shape } from './sizes.js';
import { tensor } from './tensor.js';

/** A value of the ONNX graph. */
export interface Value {
  readonly name: string;
  readonly type: ElementType;
  readonly shape: Shape;
}

export type ValueType = Omit<Value, 'name'>;

/** Where in the model nodes are being made: they are named after it, and say which line of the spec they come from. */
export interface Where {
  /** `h[0].attn` */
  readonly path: string;
  /** The operator itself has this path: its first node is called so. */
  readonly own: boolean;
  readonly place?: Place;
  readonly documentation?: string | undefined;
}

/** A graph in the making: the main one, or the body of a `Scan` inside it. */
interface Frame {
  readonly nodes: OnnxNode[];
  readonly inputs: ValueInfo[];
  readonly values: ValueInfo[];
  /** What is made once in a graph. Inner graphs see what outer ones made. */
  readonly shared: Map<string, Value>;
}

const newFrame = (): Frame => ({ nodes: [], inputs: [], values: [], shared: new Map() });

/** Collects nodes, initialisers, inputs and outputs; gives every one a name of its own. */
export class Builder {
  readonly opset: number;
  /** What reshaped values were made of. */
  readonly reshaped = new WeakMap<Value, Value>();
  readonly #frames: Frame[] = [newFrame()];
  readonly #initializers = new Map<string, OnnxInitializer>();
  readonly #constants = new Map<string, Value>();
  readonly #outputs: ValueInfo[] = [];
  readonly #names = new Map<string, number>();
  /** Values of nodes that are called after the output they are. */
  readonly #renamed = new Map<string, string>();
  readonly #dimensions = new Map<string, Value>();
  readonly #shown: Shown[] = [];
  #where: Where = { path: '', own: false };

  constructor(opset: number) {
    this.opset = opset;
  }

  /** Nodes made by `make` belong to `where`. */
  at<T>(where: Where, make: () => T): T {
    const before = this.#where;
    this.#where = where;
    const made = make();
    this.#where = before;
    return made;
  }

  /** An axis of an input shows the size of a dimension, `more` rows beside it. */
  showDimension(name: string, input: Value, axis: number, more = 0): void {
    this.#shown.push({ name, input, axis, more });
  }

  /** A number given as an input shows the size of a dimension. */
  showNumber(name: string, input: Value): void {
    this.#shown.push({ name, input, axis: undefined, more: 0 });
  }

  /** The size of an input dimension, int64 [1]. Which input shows it is decided at the end, among those that are used. */
  dimension(name: string): Value {
    const value: Value = this.#dimensions.get(name) ?? {
      name: this.#unique(`Shape/${name}`),
      type: 'int64',
      shape: [1],
    };
    this.#dimensions.set(name, value);
    return value;
  }

  /** The dimension is asked for, and no input shows it. */
  misses(name: string): boolean {
    return this.#dimensions.has(name) && !this.#shown.some((shown) => shown.name === name);
  }

  /** Keeps a name for an output that is declared later. */
  reserve(name: string): void {
    this.#names.set(name, 1);
  }

  /** An input of the model. */
  input(name: string, type: ElementType, shape: Shape, documentation?: string): Value {
    this.#frames[0]!.inputs.push(info(name, { type, shape }, documentation));
    this.reserve(name);
    return { name, type, shape };
  }

  /** An input of the body that is being made. */
  parameter(name: string, { type, shape }: ValueType): Value {
    const value = { name: this.#unique(name), type, shape };
    this.#frame.inputs.push(info(value.name, value));
    return value;
  }

  /** An output of the model: the value itself where it can have the name, else a copy. */
  output(name: string, value: Value, documentation?: string): void {
    const made = this.#frame.nodes.some(({ outputs }) => outputs.includes(value.name));
    if (made && !this.#renamed.has(value.name)) this.#renamed.set(value.name, name);
    else this.#add('Identity', name, [value], [name], {});
    this.#outputs.push(info(name, value, documentation));
  }

  /** A node with one output. */
  node(
    operator: string,
    inputs: readonly (Value | undefined)[],
    type: ValueType,
    attributes: Readonly<Record<string, OnnxAttribute>> = {},
  ): Value {
    return this.nodes(operator, inputs, [type], attributes)[0]!;
  }

  /** A node with several outputs; `undefined` is one that is left out. */
  nodes<T extends readonly (ValueType | undefined)[]>(
    operator: string,
    inputs: readonly (Value | undefined)[],
    types: T,
    attributes: Readonly<Record<string, OnnxAttribute>> = {},
  ): { [K in keyof T]: Value } {
    const name = this.#nodeName(operator);
    const values = types.map((type, i) => {
      if (type === undefined) return undefined;
      const valueName = types.length === 1 ? name : `${name}:${i}`;
      return { ...type, name: valueName };
    });
    this.#add(
      operator,
      name,
      inputs,
      values.map((value) => value?.name ?? ''),
      attributes,
    );
    for (const value of values) if (value) this.#frame.values.push(info(value.name, value));
    return values as { [K in keyof T]: Value };
  }

  /** A constant; the same numbers are there once. */
  constant(type: ElementType, shape: readonly number[], values: readonly number[]): Value {
    const key = `${type}[${shape.join()}] ${values.map((value) => (Object.is(value, -0) ? '-0' : value)).join()}`;
    const known = this.#constants.get(key);
    if (known) return known;
    const value = { name: this.#unique('constant'), type, shape };
    this.#initializers.set(value.name, { name: value.name, data: tensor(type, shape, values) });
    this.#constants.set(key, value);
    return value;
  }

  /** A weight under its path, `[in, out]` where `transposed`. A weight that is wanted in both ways is stored in one. */
  weight(path: string, shape: readonly number[], transposed: boolean): Value {
    const present = this.#initializers.get(path)?.data;
    const stored = present && 'weight' in present ? present.transposed : transposed;
    const turned = [...shape].reverse();
    if (!present) {
      const data = { weight: path, shape: transposed ? turned : shape, transposed };
      this.#initializers.set(path, { name: path, data });
      this.reserve(path);
    }
    const value: Value = { name: path, type: 'float', shape: stored ? turned : shape };
    if (stored === transposed) return value;
    return this.constantOnce(`turned ${path}`, () =>
      this.node('Transpose', [value], { type: 'float', shape: transposed ? turned : shape }, { perm: ints([1, 0]) }),
    );
  }

  /** The value under this key, made at the first call. */
  once(key: string, make: () => Value): Value {
    for (const frame of this.#frames) {
      const known = frame.shared.get(key);
      if (known) return known;
    }
    const made = make();
    this.#frame.shared.set(key, made);
    return made;
  }

  /** The same for what is made of weights alone: outside of all bodies, which would make it again for each row. */
  constantOnce(key: string, make: () => Value): Value {
    const inner = this.#frames.splice(1);
    const made = this.once(key, make);
    this.#frames.push(...inner);
    return made;
  }

  /** The body of a `Scan`: `make` declares its inputs and gives its outputs. It may use every value around it. */
  body(name: string, make: () => readonly Value[]): OnnxGraph {
    this.#frames.push(newFrame());
    const outputs = make().map((value, i) => {
      // An output that the body does not make itself, or that is there twice, needs a node.
      const copy = this.#unique(`${name}.${i}`);
      this.#add('Identity', copy, [value], [copy], {});
      return info(copy, value);
    });
    const { nodes, inputs, values } = this.#frames.pop()!;
    return { name, nodes, inputs, outputs, initializers: [], values };
  }

  /** The whole graph, without what no output needs. */
  graph(name: string, documentation?: string): OnnxGraph {
    const { nodes, inputs, values } = this.#frames[0]!;
    const rename = (value: string): string => this.#renamed.get(value) ?? value;
    const all = nodes.map((node) => renamed(node, rename));
    const outputs = new Set(this.#outputs.map((output) => output.name));
    const { used, kept } = needed(all, outputs);
    const sizes = this.#sizeNodes(used);
    return {
      name,
      ...(documentation !== undefined && { documentation }),
      nodes: [...sizes, ...kept],
      inputs: inputs.filter((input) => used.has(input.name)),
      outputs: this.#outputs,
      initializers: [...this.#initializers.values()].filter((initializer) => used.has(initializer.name)),
      values: values
        .map((value) => ({ ...value, name: rename(value.name) }))
        .filter((value) => used.has(value.name) && !outputs.has(value.name)),
    };
  }

  /** The nodes that read the sizes of the dimensions that are used, from inputs that are used anyway where there are any. */
  #sizeNodes(used: Set<string>): OnnxNode[] {
    return [...this.#dimensions].flatMap(([name, value]) => {
      if (!used.has(value.name)) return [];
      const candidates = this.#shown.filter((shown) => shown.name === name);
      const shown = candidates.find(({ input }) => used.has(input.name)) ?? candidates[0];
      if (!shown) throw new Error(`no input has the dimension '${name}'`);
      const { nodes, constants } = sizeNodes(shown, value.name);
      for (const constant of constants) this.#initializers.set(constant.name, constant);
      for (const read of nodes.flatMap((node) => node.inputs)) used.add(read);
      return nodes;
    });
  }

  get #frame(): Frame {
    return this.#frames.at(-1)!;
  }

  #add(
    operator: string,
    name: string,
    inputs: readonly (Value | undefined)[],
    outputs: readonly string[],
    attributes: OnnxNode['attributes'],
  ): void {
    const documentation = this.#documentation();
    this.#frame.nodes.push({
      operator,
      name,
      inputs: withoutLast(inputs.map((input) => input?.name ?? '')),
      outputs: withoutLast(outputs),
      attributes,
      ...(documentation !== undefined && { documentation }),
    });
  }

  #documentation(): string | undefined {
    const { place, documentation } = this.#where;
    const at = place && `${place.file}:${place.line}:${place.column}`;
    return [documentation, at].filter((line) => line !== undefined).join('\n') || undefined;
  }

  #nodeName(operator: string): string {
    const { path, own } = this.#where;
    if (own && !this.#names.has(path)) return this.#unique(path);
    return this.#unique(path === '' ? operator : `${path}/${operator}`);
  }

  #unique(name: string): string {
    const count = (this.#names.get(name) ?? 0) + 1;
    this.#names.set(name, count);
    return count === 1 ? name : this.#unique(`${name}_${count}`);
  }
}

export const int = (value: number): OnnxAttribute => ({ kind: 'int', value });
export const float = (value: number): OnnxAttribute => ({ kind: 'float', value });
export const ints = (values: readonly number[]): OnnxAttribute => ({ kind: 'ints', values });
export const text = (value: string): OnnxAttribute => ({ kind: 'string', value });

function info(name: string, { type, shape }: ValueType, documentation?: string): ValueInfo {
  return { name, type, shape: shape.map(printSize), ...(documentation !== undefined && { documentation }) };
}

/** Inputs and outputs that are left out at the end are not written. */
function withoutLast(names: readonly string[]): readonly string[] {
  const end = names.findLastIndex((name) => name !== '') + 1;
  return names.slice(0, end);
}
