import type { Tensor } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import { TfmError } from '../errors.js';
import { linear } from '../ops/linear.js';
import { size } from '../ops/shapes.js';
import { type FormulaContext, type FormulaValue, withVectorAxes } from './context.js';
import { type Formula, isStatic, usesAnyAxis } from './formula.js';
import { lookup } from './lookup.js';
import { onNumbers } from './numbers.js';
import { onTensors } from './on-tensors.js';
import { staticTensor } from './static-tensor.js';
import { tableProduct } from './table-products.js';

/**
 * The value of a formula as tensors, differentiable in the tensors it reads.
 *
 * @throws TfmError TFM5406 where a leaf has no meaning here, or a vector stands for a number.
 */
export function evaluate(of: Formula, context: FormulaContext): number | Tensor {
  const value = evaluateValue(of, context);
  if (typeof value === 'object' && 'vector' in value)
    throw new TfmError(
      'TFM5406',
      'a formula gives a vector where a number is wanted',
      'reduce it with dot(vector, vector)',
    );
  return value;
}

function evaluateValue(of: Formula, context: FormulaContext): FormulaValue {
  switch (of.kind) {
    case 'constant':
      return Number(of.value);
    case 'axis':
      return staticTensor(of, context);
    case 'score':
      return leaf(context.score, 's (the score so far)');
    case 'element':
      return leaf(context.elements?.[of.index], `argument ${of.index}`);
    case 'vector':
      return { vector: vectorOf(of.of, context) };
    case 'lookup':
      return lookup(of, context, (indices) => evaluate(indices, context));
    case 'operator':
      // Without positions it is one number, which fits values of every rank.
      if (isStatic(of) && usesAnyAxis(of)) return staticTensor(of, context);
      return of.operator === 'dot' ? dot(of.operands, context) : elementwise(of, context);
  }
}

function elementwise(of: Formula & { readonly kind: 'operator' }, context: FormulaContext): FormulaValue {
  const operands = of.operands.map((operand) => evaluateValue(operand, context));
  if (of.operator === 'dot') return dot(of.operands, context);
  if (operands.every((operand) => typeof operand === 'number')) return onNumbers[of.operator](...operands);
  if (operands.every(isNotVector)) return onTensors[of.operator](...operands);
  return { vector: onTensors[of.operator](...operands.map((operand) => asVector(operand, context))) };
}

/** Σ a·b over the features. */
function dot(operands: readonly Formula[], context: FormulaContext): Tensor {
  const product = tableProduct(operands, context);
  if (product) return product;
  const [a, b] = operands.map((operand) => evaluateValue(operand, context));
  if (!isVector(a) || !isVector(b)) throw new TfmError('TFM5406', 'dot(a, b) wants two vectors');
  return fromVectorAxes(dotProduct(a.vector, b.vector), context);
}

function dotProduct(a: Tensor, b: Tensor): Tensor {
  const [one, many] = a.size <= b.size ? [a, b] : [b, a];
  const features = size(many, -1);
  // A constant vector against many: a matrix product instead of a product as large as the other side.
  if (one.size === features && size(one, -1) === features)
    return tf.reshape(
      linear(tf.reshape(many, [many.size / features, features]), { weight: tf.reshape(one, [1, features]) }),
      many.shape.slice(0, 3),
    );
  return tf.sum(tf.mul(a, b), -1);
}

/** [B·H, Tq, Tk] → [B, H, Tq, Tk], with axes of size 1 kept. */
function fromVectorAxes(x: Tensor, { batch, heads }: FormulaContext): Tensor {
  const [both = 1, queries = 1, keys = 1] = x.shape;
  return tf.reshape(x, both === 1 ? [1, 1, queries, keys] : [batch, heads, queries, keys]);
}

function isVector(value: FormulaValue | undefined): value is { readonly vector: Tensor } {
  return typeof value === 'object' && 'vector' in value;
}

function isNotVector(value: FormulaValue): value is number | Tensor {
  return !isVector(value);
}

function asVector(value: FormulaValue, context: FormulaContext): number | Tensor {
  if (isVector(value)) return value.vector;
  if (typeof value === 'number') return value;
  return withVectorAxes(value, [...value.shape.slice(2), 1], context);
}

function vectorOf(of: 'query' | 'key', context: FormulaContext): Tensor {
  const { batch, heads } = context;
  const x = leaf(of === 'query' ? context.query : context.key, `the ${of} vector`);
  const [rows, width] = [size(x, 2), size(x, 3)];
  const own = size(x, 1);
  const sides = of === 'query' ? [rows, 1] : [1, rows];
  if (own === heads) return tf.reshape(x, [batch * heads, ...sides, width]);
  const shared = heads / own; // query heads that read one key head
  const repeated = tf.tile(tf.reshape(x, [batch * own, 1, rows * width]), [1, shared, 1]);
  return tf.reshape(repeated, [batch * heads, ...sides, width]);
}

function leaf(value: Tensor | undefined, name: string): Tensor {
  if (!value) throw new TfmError('TFM5406', `a formula reads ${name}, which has no value here`);
  return value;
}
