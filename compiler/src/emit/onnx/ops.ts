import { type Builder, int, ints, type Value } from './builder.js';
import type { ElementType } from './model.js';
import {
  axisOf,
  broadcast,
  canonical,
  difference,
  known,
  product,
  type Shape,
  type Size,
  sameShape,
  sameSize,
  sum,
} from './sizes.js';

/**
 * The ONNX operators that the target uses, each with the shape of what it gives: code that lowers an operator of the
 * graph reads like the formula.
 */
export class Ops {
  readonly builder: Builder;

  constructor(builder: Builder) {
    this.builder = builder;
  }

  // ------------------------------------------------------------------------------------------------- constants

  scalar(value: number, type: ElementType = 'float'): Value {
    return this.builder.constant(type, [], [value]);
  }

  vector(values: readonly number[], type: ElementType = 'int64'): Value {
    return this.builder.constant(type, [values.length], values);
  }

  // ----------------------------------------------------------------------------------------------- elementwise

  /** `Relu`, `Exp`, `Tanh`, …: same type, same shape. */
  unary(operator: string, x: Value): Value {
    return this.builder.node(operator, [x], { type: x.type, shape: x.shape });
  }

  /** `Add`, `Mul`, `Pow`, …: the operands broadcast. */
  binary(operator: string, a: Value, b: Value): Value {
    return this.builder.node(operator, [a, b], { type: a.type, shape: broadcast(a.shape, b.shape) });
  }

  add = (a: Value, b: Value): Value => this.binary('Add', a, b);
  subtract = (a: Value, b: Value): Value => this.binary('Sub', a, b);
  multiply = (a: Value, b: Value): Value => this.binary('Mul', a, b);
  divide = (a: Value, b: Value): Value => this.binary('Div', a, b);

  /** `Equal`, `Less`, `And`, …: bool. */
  compare(operator: string, a: Value, b: Value): Value {
    return this.builder.node(operator, [a, b], { type: 'bool', shape: broadcast(a.shape, b.shape) });
  }

  not(x: Value): Value {
    return this.unary('Not', x);
  }

  /** Of truth values by logic: ONNX Runtime has no `Where` for them. */
  where(condition: Value, a: Value, b: Value): Value {
    if (a.type === 'bool') {
      const otherwise = this.compare('And', this.not(condition), b);
      return this.compare('Or', this.compare('And', condition, a), otherwise);
    }
    const shape = broadcast(condition.shape, broadcast(a.shape, b.shape));
    return this.builder.node('Where', [condition, a, b], { type: a.type, shape });
  }

  cast(x: Value, type: ElementType): Value {
    if (x.type === type) return x;
    const to = { float: 1, int32: 6, int64: 7, bool: 9, double: 11 }[type];
    return this.builder.node('Cast', [x], { type, shape: x.shape }, { to: int(to) });
  }

  // -------------------------------------------------------------------------------------------------- products

  /** [.., n, k] × [.., k, m] → [.., n, m]; a vector [k] has no rows: [m]. */
  matmul(a: Value, b: Value): Value {
    const rows = a.shape.slice(0, -1).slice(-1);
    const shape = [...broadcast(a.shape.slice(0, -2), b.shape.slice(0, -2)), ...rows, b.shape.at(-1) ?? 1];
    return this.builder.node('MatMul', [a, b], { type: a.type, shape });
  }

  softmax(x: Value, axis = -1): Value {
    return this.builder.node('Softmax', [x], { type: x.type, shape: x.shape }, { axis: int(axis) });
  }

  /** `ReduceSum`, `ReduceMean`, `ReduceMax`, …; axes are an attribute before opset 18, `ReduceSum`'s before 13. */
  reduce(operator: string, x: Value, axes: readonly number[], keep = true): Value {
    const reduced = axes.map((axis) => axisOf(x.shape, axis));
    const shape = x.shape.flatMap((size, axis) => (!reduced.includes(axis) ? [size] : keep ? [1] : []));
    const asInput = this.builder.opset >= 18 || operator === 'ReduceSum';
    const keepdims = { keepdims: int(keep ? 1 : 0) };
    if (asInput) return this.builder.node(operator, [x, this.vector(reduced)], { type: x.type, shape }, keepdims);
    return this.builder.node(operator, [x], { type: x.type, shape }, { axes: ints(reduced), ...keepdims });
  }

  // ---------------------------------------------------------------------------------------------------- shapes

  transpose(x: Value, permutation: readonly number[]): Value {
    if (permutation.every((axis, i) => axis === i)) return x;
    const shape = permutation.map((axis) => x.shape[axis]!);
    return this.builder.node('Transpose', [x], { type: x.type, shape }, { perm: ints(permutation) });
  }

  /**
   * Another shape of as many elements; one `Reshape` for several in a row. Sizes that are the input's own on the same axis
   * need no arithmetic.
   */
  reshape(x: Value, shape: Shape): Value {
    if (sameShape(x.shape, shape)) return x;
    const before = this.builder.reshaped.get(x);
    if (before) return this.reshape(before, shape);
    const sizes = shape.map((size, axis) => {
      if (typeof size === 'number') return size;
      const own = x.shape[axis];
      return own !== undefined && typeof own !== 'number' && canonicalText(own) === canonicalText(size) ? 0 : size;
    });
    const open = sizes.filter((size) => typeof size !== 'number');
    const target =
      open.length <= 1 && !shape.includes(0)
        ? this.vector(sizes.map((size) => (typeof size === 'number' ? size : -1)))
        : this.sizes(shape);
    const made = this.builder.node('Reshape', [x, target], { type: x.type, shape });
    this.builder.reshaped.set(made, x);
    return made;
  }

  /** A new axis of size 1. */
  unsqueeze(x: Value, axes: readonly number[]): Value {
    const rank = x.shape.length + axes.length;
    const added = axes.map((axis) => (axis < 0 ? rank + axis : axis));
    const rest = [...x.shape];
    const shape = Array.from({ length: rank }, (_, axis) => (added.includes(axis) ? 1 : rest.shift()!));
    return this.builder.node('Unsqueeze', [x, this.vector(added)], { type: x.type, shape });
  }

  /** Drops axes of size 1. */
  squeeze(x: Value, axes: readonly number[]): Value {
    const dropped = axes.map((axis) => axisOf(x.shape, axis));
    const shape = x.shape.filter((_, axis) => !dropped.includes(axis));
    return this.builder.node('Squeeze', [x, this.vector(dropped)], { type: x.type, shape });
  }

  concat(parts: readonly Value[], axis: number): Value {
    const [first] = parts;
    if (!first) throw new Error('nothing to concatenate');
    if (parts.length === 1) return first;
    const along = axisOf(first.shape, axis);
    const total = sum(...parts.map((part) => part.shape[along]!));
    const shape = first.shape.map((size, i) => (i === along ? total : size));
    return this.builder.node('Concat', parts, { type: first.type, shape }, { axis: int(along) });
  }

  /** `count` elements of an axis from `from` on; `count` to the end where it is left out. `from` may count from the end. */
  slice(x: Value, axis: number, from: number, count?: number): Value {
    const along = axisOf(x.shape, axis);
    const length = x.shape[along]!;
    const end = count === undefined || (from < 0 && from + count === 0) ? Number.MAX_SAFE_INTEGER : from + count;
    const rest = from < 0 ? -from : difference(length, from);
    const shape = x.shape.map((size, i) => (i === along ? (count ?? rest) : size));
    const inputs = [x, this.vector([from]), this.vector([end]), this.vector([along])];
    return this.builder.node('Slice', inputs, { type: x.type, shape });
  }

  /** `count` elements of an axis from the place `from` on, both sizes. */
  part(x: Value, axis: number, from: Size, count: Size): Value {
    const along = axisOf(x.shape, axis);
    if (from === 0 && sameSize(count, x.shape[along]!)) return x;
    const shape = x.shape.map((size, i) => (i === along ? count : size));
    const inputs = [x, this.sizes([from]), this.sizes([sum(from, count)]), this.vector([along])];
    return this.builder.node('Slice', inputs, { type: x.type, shape });
  }

  /** Consecutive parts of the given sizes. */
  split(x: Value, axis: number, sizes: Shape): Value[] {
    const along = axisOf(x.shape, axis);
    const types = sizes.map((size) => ({ type: x.type, shape: x.shape.map((own, i) => (i === along ? size : own)) }));
    return this.builder.nodes('Split', [x, this.sizes(sizes)], types, { axis: int(along) });
  }

  /** The slices of `x` at `indices` along an axis: the axis is replaced by the axes of the indices. */
  gather(x: Value, indices: Value, axis = 0): Value {
    const along = axisOf(x.shape, axis);
    const shape = [...x.shape.slice(0, along), ...indices.shape, ...x.shape.slice(along + 1)];
    return this.builder.node('Gather', [x, indices], { type: x.type, shape }, { axis: int(along) });
  }

  /** The `count` largest of the last axis, falling, and their places. */
  top(x: Value, count: number): { readonly values: Value; readonly indices: Value } {
    const shape = [...x.shape.slice(0, -1), count];
    const types = [
      { type: x.type, shape },
      { type: 'int64', shape },
    ] as const;
    const [values, indices] = this.builder.nodes('TopK', [x, this.vector([count])], types, { axis: int(-1) });
    return { values: values!, indices: indices! };
  }

  /** Repeated along axes of size 1 to this shape. */
  expand(x: Value, shape: Shape): Value {
    return this.builder.node('Expand', [x, this.sizes(shape)], { type: x.type, shape });
  }

  /** Consecutive whole numbers from `start`, int64 [count]. */
  range(start: Value | 0, count: Size): Value {
    const from = start === 0 ? this.scalar(0, 'int64') : start;
    if (start === 0 && typeof count === 'number') return this.vector(Array.from({ length: count }, (_, i) => i));
    const end = start === 0 ? this.size(count) : this.add(from, this.size(count));
    return this.builder.node('Range', [from, end, this.scalar(1, 'int64')], { type: 'int64', shape: [count] });
  }

  // ----------------------------------------------------------------------------------------------------- sizes

  /** A size as an int64 scalar. */
  size(size: Size): Value {
    if (typeof size === 'number') return this.scalar(size, 'int64');
    return this.builder.once(`size ${canonicalText(size)}`, () => this.squeeze(this.sizes([size]), [0]));
  }

  /** Sizes as a vector, int64 [n]: what `Reshape` and `Expand` read. */
  sizes(shape: Shape): Value {
    if (known(shape)) return this.vector(shape);
    const parts: Value[] = [];
    let constants: number[] = [];
    const flush = (): void => {
      if (constants.length > 0) parts.push(this.vector(constants));
      constants = [];
    };
    for (const size of shape) {
      if (typeof size === 'number') constants.push(size);
      else {
        flush();
        parts.push(this.#dimension(size));
      }
    }
    flush();
    const key = `sizes ${shape.map(canonicalText).join()}`;
    return parts.length === 1 ? parts[0]! : this.builder.once(key, () => this.concat(parts, 0));
  }

  /** A size that is no number, as int64 [1]. */
  #dimension(size: Exclude<Size, number>): Value {
    return this.builder.once(`dimension ${canonicalText(size)}`, () => this.#computed(size));
  }

  #computed(size: Exclude<Size, number>): Value {
    if (typeof size === 'object' && size.kind === 'dimension') return this.builder.dimension(size.name);
    if (typeof size !== 'object' || size.kind !== 'operator') throw new Error(`no size: ${JSON.stringify(size)}`);
    // int64 Div of sizes floors
    const divisor = size.operator === 'floor' ? divisorOf(size.operands[0]!) : undefined;
    if (divisor !== undefined) {
      return this.binary('Div', this.sizes([product(size.operands[0]!, divisor)]), this.vector([divisor]));
    }
    const operands = size.operands.map((operand) => this.sizes([operand]));
    if (size.operator === 'negate') return this.unary('Neg', operands[0]!);
    const operator = arithmetic[size.operator];
    if (operator === undefined) throw new Error(`sizes are not computed with '${size.operator}'`);
    return operands.reduce((a, b) => this.binary(operator, a, b));
  }
}

const arithmetic: Readonly<Record<string, string>> = {
  add: 'Add',
  subtract: 'Sub',
  multiply: 'Mul',
  divide: 'Div',
  modulo: 'Mod',
  minimum: 'Min',
  maximum: 'Max',
};

/** The number that a size is divided by, or a term of it: `T / 2 - 1 / 2`. */
function divisorOf(size: Size): number | undefined {
  if (typeof size !== 'object' || size.kind !== 'operator') return undefined;
  const [, by] = size.operands;
  if (size.operator === 'divide') return typeof by === 'number' ? by : undefined;
  return size.operands.map(divisorOf).find((divisor) => divisor !== undefined);
}

function canonicalText(size: Size): string {
  return JSON.stringify(canonical(size));
}
