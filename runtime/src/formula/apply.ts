import type { Tensor } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import { type ElementwiseAttributes, knowsSteps, mostElements, placementOf } from '../kernels/elementwise.js';
import { type FusedOperator, type Operand, runFused } from '../kernels/fused.js';
import { fixed } from '../ops/context.js';
import { derivative } from './derivative.js';
import { evaluate } from './evaluate.js';
import { type Formula, type FormulaLike, formula } from './formula.js';
import { float } from './on-tensors.js';
import { elementsOf, type Steps, stepsOf } from './steps.js';

/**
 * An elementwise function of tensors, given as a formula of `element(i)`: swish, gated units, clamps of the spec. The fast backends
 * run it as one kernel.
 */
export function apply(of: FormulaLike, ...elements: Tensor[]): Tensor {
  const whole = formula(of);
  const attributes = kernelAttributes(whole, elements);
  if (!attributes) return tf.tidy(() => composed(whole, elements));
  const read = elementsOf(attributes.steps);
  const operands = elements.map((element, i) => (read.includes(i) ? element : undefined));
  return runFused(elementwiseOperator, operands, attributes);
}

/** The elements that a formula reads, in their places → its value for each of their numbers. */
const elementwiseOperator: FusedOperator<ElementwiseAttributes> = {
  kernel: 'TfmElementwise',
  composition: (operands, { formula: of }) => composed(of, operands),
  gradient: (dy, operands, { steps }) =>
    operands.flatMap((operand, i) => (operand ? [() => gradientOf(steps, operand, i, [...operands, dy])] : [])),
};

/** The last tensor is dy. */
function gradientOf(steps: Steps, operand: Tensor, i: number, tensors: readonly Operand[]): Tensor {
  const last = tensors.length - 1;
  const slope = derivative(steps, i, { kind: 'element', index: last });
  if (!slope) return tf.zerosLike(operand);
  const elements = tensors as readonly Tensor[]; // as in `composed`
  return tf.tidy(() => {
    const all = apply(slope, ...elements);
    const repeated = tf.broadcast_util.getReductionAxes(operand.shape, all.shape);
    return tf.reshape(repeated.length > 0 ? tf.sum(all, repeated) : all, operand.shape);
  });
}

function composed(of: Formula, operands: readonly Operand[]): Tensor {
  const elements = operands as readonly Tensor[]; // those that are absent are not read
  const value = evaluate(of, { batch: 1, heads: 1, queries: 1, keys: 1, start: fixed(0), elements });
  return typeof value === 'number' ? tf.fill(elements[0]?.shape ?? [], value) : float(value);
}

/** What a kernel is told of a formula; `undefined` where operators of tfjs compute it: a single one is as fast. */
function kernelAttributes(of: Formula, elements: readonly Tensor[]): ElementwiseAttributes | undefined {
  const steps = stepsOf(of);
  if (!steps || steps.steps.length < 2 || !knowsSteps(tf.getBackend(), steps)) return undefined;
  const read = elementsOf(steps).map((i) => elements[i]);
  if (read.length > mostElements || !read.every((element) => element !== undefined)) return undefined;
  const shape = read.reduce<number[]>(
    (all, { shape: own }) => tf.broadcast_util.assertAndGetBroadcastShape(all, own),
    [],
  );
  return read.every((element) => placementOf(element.shape, shape)) ? { formula: of, steps, shape } : undefined;
}
