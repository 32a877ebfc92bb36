import * as tf from '@tensorflow/tfjs';
import { onNumbers } from '../../../runtime/src/formula/numbers.js';
import { evaluateStatic } from '../../../runtime/src/formula/static.js';
import { apply, type Formula, type FormulaLike, f, read } from '../../../runtime/src/index.js';
import { relativeError } from '../compare.js';

/** Every operator of formulas, applied to one or two arguments. */
export const formulaOperators: readonly [string, (a: FormulaLike, b: FormulaLike) => Formula][] = [
  ['add', (a, b) => f.add(a, b)],
  ['subtract', (a, b) => f.subtract(a, b)],
  ['multiply', (a, b) => f.multiply(a, b)],
  ['divide', (a, b) => f.divide(a, b)],
  ['modulo', (a, b) => f.modulo(a, b)],
  ['power', (a, b) => f.power(f.add(f.abs(a), 0.5), b)],
  ['negate', (a) => f.negate(a)],
  ['equal', (a, b) => f.equal(a, b)],
  ['not_equal', (a, b) => f.notEqual(a, b)],
  ['less', (a, b) => f.less(a, b)],
  ['less_equal', (a, b) => f.lessEqual(a, b)],
  ['greater', (a, b) => f.greater(a, b)],
  ['greater_equal', (a, b) => f.greaterEqual(a, b)],
  ['and, or, not', (a, b) => f.or(f.and(f.less(a, b), f.less(0, a)), f.not(f.less(b, 2)))],
  ['if', (a, b) => f.if(f.less(a, b), a, f.multiply(2, b))],
  ['floor', (a) => f.floor(a)],
  ['ceil', (a) => f.ceil(a)],
  ['round', (a) => f.round(a)],
  ['sqrt', (a) => f.sqrt(f.abs(a))],
  ['exp', (a) => f.exp(a)],
  ['log', (a) => f.log(f.add(f.abs(a), 1))],
  ['log2', (a) => f.log2(f.add(f.abs(a), 1))],
  ['abs', (a) => f.abs(a)],
  ['sign', (a) => f.sign(a)],
  ['sin', (a) => f.sin(a)],
  ['cos', (a) => f.cos(a)],
  ['tanh', (a) => f.tanh(a)],
  ['sigmoid', (a) => f.sigmoid(a)],
  ['relu', (a) => f.relu(a)],
  ['leaky_relu', (a) => f.leakyRelu(a)],
  ['leaky_relu with a slope', (a) => f.leakyRelu(a, 0.3)],
  ['minimum', (a, b) => f.minimum(a, b)],
  ['maximum', (a, b) => f.maximum(a, b)],
  ['clamp', (a, b) => f.clamp(a, -1, b)],
];

const first = [-3.5, -2.5, -1, -0.25, 0, 0.5, 1.5, 2, 3];
const second = [2, 3, 1.5, 2.5, 1, 0.5, 4, 2, 3];

/** The relative error of an operator on tensors against the same operator on numbers. */
export async function formulaError(build: (a: FormulaLike, b: FormulaLike) => Formula): Promise<number> {
  const axes = { heads: 1, queries: [0], keys: [0] };
  const numbers = first.map((a, i) => evaluateStatic(build(a, second[i]!), axes).values[0]!);
  const result = apply(build(f.element(0), f.element(1)), tf.tensor1d(first), tf.tensor1d(second));
  return relativeError(await read(result), numbers);
}

/** In float64, as `evaluateStatic` does, but not rounded to float32 at the end: differences of it are taken. */
function onNumber(of: Formula): number {
  if (of.kind === 'constant') return Number(of.value);
  if (of.kind !== 'operator' || of.operator === 'dot') throw new Error(`no number for ${of.kind}`);
  return onNumbers[of.operator](...of.operands.map(onNumber));
}

/** The worst relative error of both gradients against central differences, away from the steps of floor and round. */
export async function formulaGradientError(build: (a: FormulaLike, b: FormulaLike) => Formula): Promise<number> {
  const [a, b] = [first.map((x) => x + 0.13), second.map((x) => x + 0.21)];
  const sum = (x: tf.Tensor, y: tf.Tensor) =>
    // The terms with 0 keep both arguments in the graph where the operator reads one only, or neither has a slope.
    tf.sum(tf.add(apply(build(f.element(0), f.element(1)), x, y), tf.mul(tf.add(x, y), 0)));
  const gradients = tf.grads((x: tf.Tensor, y: tf.Tensor) => sum(x, y))([tf.tensor1d(a), tf.tensor1d(b)]);
  const step = 1e-6;
  const slope = (i: number, dx: number, dy: number) =>
    (onNumber(build(a[i]! + dx, b[i]! + dy)) - onNumber(build(a[i]! - dx, b[i]! - dy))) / (2 * step);
  const byFirst = relativeError(
    await read(gradients[0]!),
    a.map((_, i) => slope(i, step, 0)),
  );
  const bySecond = relativeError(
    await read(gradients[1]!),
    a.map((_, i) => slope(i, 0, step)),
  );
  return Math.max(byFirst, bySecond);
}
