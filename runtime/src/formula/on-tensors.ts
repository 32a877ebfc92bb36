import type { Tensor } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import { maximum, minimum, type Operand } from '../ops/arithmetic.js';
import { and, equal, greater, greaterEqual, less, lessEqual, not, notEqual, or, where } from '../ops/logic.js';
import type { FormulaOperator } from './formula.js';

/** The meaning of every elementwise operator on tensors that broadcast; differentiable wherever the operator is. */
export const onTensors: Readonly<Record<Exclude<FormulaOperator, 'dot'>, (...operands: Operand[]) => Tensor>> = {
  add: (a, b) => tf.add(a!, b!),
  subtract: (a, b) => tf.sub(a!, b!),
  multiply: (a, b) => tf.mul(a!, b!),
  divide: (a, b) => tf.div(float(a!), float(b!)),
  modulo: (a, b) => {
    const [x, y] = [float(a!), float(b!)];
    return tf.sub(x, tf.mul(tf.floor(tf.div(x, y)), y));
  },
  power: (a, b) => tf.pow(float(a!), float(b!)),
  negate: (x) => tf.neg(float(x!)),
  equal: (a, b) => equal(a!, b!),
  notEqual: (a, b) => notEqual(a!, b!),
  less: (a, b) => less(a!, b!),
  lessEqual: (a, b) => lessEqual(a!, b!),
  greater: (a, b) => greater(a!, b!),
  greaterEqual: (a, b) => greaterEqual(a!, b!),
  and: (a, b) => and(tensor(a!), tensor(b!)),
  or: (a, b) => or(tensor(a!), tensor(b!)),
  not: (x) => not(tensor(x!)),
  if: (condition, a, b) => where(tensor(condition!), float(a!), float(b!)),
  floor: (x) => tf.floor(float(x!)),
  ceil: (x) => tf.ceil(float(x!)),
  round: (x) => tf.round(float(x!)),
  sqrt: (x) => tf.sqrt(float(x!)),
  exp: (x) => tf.exp(float(x!)),
  log: (x) => tf.log(float(x!)),
  log2: (x) => tf.mul(tf.log(float(x!)), Math.LOG2E),
  abs: (x) => tf.abs(float(x!)),
  sign: (x) => tf.sign(float(x!)),
  sin: (x) => tf.sin(float(x!)),
  cos: (x) => tf.cos(float(x!)),
  tanh: (x) => tf.tanh(float(x!)),
  sigmoid: (x) => tf.sigmoid(float(x!)),
  relu: (x) => tf.relu(float(x!)),
  leakyRelu: (x, slope) => {
    const value = float(x!);
    return typeof slope === 'number' ? tf.leakyRelu(value, slope) : tf.prelu(value, float(slope!));
  },
  minimum: (a, b) => minimum(float(a!), float(b!)),
  maximum: (a, b) => maximum(float(a!), float(b!)),
  clamp: (x, low, high) => minimum(maximum(float(x!), float(low!)), float(high!)),
};

function tensor(x: Operand): Tensor {
  return typeof x === 'number' ? tf.scalar(x) : x;
}

/** Masks and ids take part in arithmetic as numbers. */
export function float(x: Operand): Tensor {
  const value = tensor(x);
  return value.dtype === 'float32' ? value : tf.cast(value, 'float32');
}
