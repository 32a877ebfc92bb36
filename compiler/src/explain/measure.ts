import type { Expression, OperatorNode } from '../graph/graph.js';
import { attentionPairs, bytesPerElement, type CostContext, costs, elements, views } from './costs.js';
import { allowedShare, countOperations } from './masks.js';
import { type Dimensions, type ScopedType, sizeIn } from './scope.js';
import { type Instance, shapeOf } from './walk.js';

/** Where costs are counted: a prefill of the dimensions' rows, or one step behind `past` rows. */
export interface Setting {
  readonly dimensions: Dimensions;
  /** The dimension that grows during generation, and how many rows lie before the new one. */
  readonly step?: { readonly dimension: string; readonly past: number };
}

/** What one instance of an operator takes. */
export interface Measure {
  /** Floating-point operations, attention as the full rectangle of queries and keys. */
  readonly flops: number;
  /** The same, with only the pairs of query and key that the mask lets through. */
  readonly needed: number;
  /** Bytes that it writes: its results, and attention's scores. */
  readonly activations: number;
}

export const nothing: Measure = { flops: 0, needed: 0, activations: 0 };

export type WeightShape = (path: string) => readonly number[] | undefined;

/** Measures one operator in one setting. */
export function measureOperator(instance: Instance, setting: Setting, weightShape: WeightShape): Measure {
  const { node } = instance;
  if (node.kind !== 'operator') throw new Error(`a ${node.kind} has no cost of its own`);
  if (setting.step && node.growth === 'constant') return nothing;
  const cost = costs[node.operator as keyof typeof costs];
  if (cost === undefined) throw new Error(`no cost is known for the operator '${node.operator}'`);
  const attends = node.operator === 'attend';
  const context: CostContext = {
    inputs: instance.inputs.map((input, i) => {
      if (input === null) return [];
      return attends && i > 0 ? keyShape(input, instance, node, setting) : rowsOf(input, setting);
    }),
    output: instance.outputs[0] ? rowsOf(instance.outputs[0], setting) : [],
    weight: (role) => (instance.weights[role] === undefined ? undefined : weightShape(instance.weights[role])),
    attribute: (name) => attribute(node, name),
    operations: (expression) => countOperations(expression, instance.scope.formulas),
  };
  const flops = cost(context);
  const scores = attends ? attentionPairs(context) : 0;
  const written = views.has(node.operator) ? 0 : sum(instance.outputs.map((output) => bytesOf(output, setting)));
  return {
    flops,
    needed: attends ? flops * maskShare(instance, node, context, setting) : flops,
    activations: written + 4 * scores,
  };
}

/**
 * The sizes of what is computed of a value: all of it in a prefill, but one row of scores; in a step the new rows, by which
 * the value grows with the growing dimension.
 */
export function rowsOf(value: ScopedType, { dimensions, step }: Setting): number[] {
  if (step === undefined) {
    const shape = shapeOf(value, dimensions);
    return value.scored ? shape.map((size, axis) => (axis === 1 ? 1 : size)) : shape;
  }
  const before = shapeOf(value, grown(dimensions, step.dimension, step.past));
  const after = shapeOf(value, grown(dimensions, step.dimension, step.past + 1));
  return after.map((size, axis) => (size === before[axis] ? size : size - before[axis]!));
}

/** The sizes of a value with everything before the step. */
function wholeOf(value: ScopedType, { dimensions, step }: Setting): number[] {
  return shapeOf(value, step ? grown(dimensions, step.dimension, step.past + 1) : dimensions);
}

/** The bytes of what is computed of a value. */
function bytesOf(value: ScopedType, setting: Setting): number {
  return elements(rowsOf(value, setting)) * bytesPerElement(value.type);
}

function grown(dimensions: Dimensions, dimension: string, rows: number): Dimensions {
  return new Map([...dimensions, [dimension, rows]]);
}

/** Keys and values of every position that is read; in a step no more than a window holds. */
function keyShape(input: ScopedType, instance: Instance, node: OperatorNode, setting: Setting): number[] {
  const shape = wholeOf(input, setting);
  const window = attribute(node, 'window');
  if (setting.step && window !== undefined) {
    const axis = keyAxis(shape);
    shape[axis] = Math.min(shape[axis]!, sizeIn(window, instance.scope, setting.dimensions));
  }
  return shape;
}

function maskShare(instance: Instance, node: OperatorNode, context: CostContext, setting: Setting): number {
  const mask = attribute(node, 'mask');
  if (mask === undefined) return 1;
  const { output, inputs } = context;
  const [, , value] = instance.inputs;
  const values = value ? wholeOf(value, setting) : [];
  const keys = values[keyAxis(values)] ?? 0;
  const queries = output.at(output.length >= 4 ? -3 : -2) ?? 1;
  const from = setting.step && attribute(node, 'grows') === true ? keys - queries : 0;
  const read = inputs[2]?.[keyAxis(inputs[2])] ?? keys;
  return Math.min(1, (allowedShare(mask, instance.scope, { from, queries, keys }) * keys) / Math.max(1, read));
}

function attribute(node: OperatorNode, name: string): Expression | undefined {
  return node.attributes[name];
}

/** Where the keys lie: before the heads and the features, if there are heads. */
function keyAxis(shape: readonly number[]): number {
  return shape.length >= 4 ? shape.length - 3 : shape.length - 2;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
