import type { Tensor, Tensor2D } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import type { ActivationAttributes } from '../kernels/attributes.js';
import { type FusedOperator, gradientOfComposition, type Operand, runFused } from '../kernels/fused.js';
import { activations } from './activations.js';
import { describe, matrix, misfit, size, view, withFeatures } from './shapes.js';

/** The weights of a linear layer: `weight` [out, in / groups], `bias` [out]. */
export interface LinearWeights {
  readonly weight: Tensor;
  readonly bias?: Tensor | undefined;
}

export interface LinearOptions {
  /** Consecutive groups of features with matrices of their own. Default 1. */
  readonly groups?: number | undefined;
}

/**
 * y = x Wᵀ + b on the last axis: [.., in] → [.., out].
 *
 * @throws TfmError TFM5404 where x has another number of features than W reads.
 */
export function linear(x: Tensor, { weight, bias }: LinearWeights, { groups = 1 }: LinearOptions = {}): Tensor {
  const inputs = size(weight, 1) * groups;
  if (size(x, -1) !== inputs)
    throw misfit('linear', `the input is ${describe(x)}, the weight reads ${inputs} features (${describe(weight)})`);
  return tf.tidy(() => {
    const rows = matrix(x);
    const y = groups === 1 ? plain(rows, weight, bias) : grouped(rows, weight as Tensor2D, bias, groups);
    return view(y, withFeatures(x, size(weight, 0)));
  });
}

/**
 * The scores of every entry of an embedding table: x · tableᵀ, [.., width] → [.., vocab]
 * (Press and Wolf 2017, tied embeddings).
 */
export function unembed(x: Tensor, { weight }: { readonly weight: Tensor }): Tensor {
  if (size(x, -1) !== size(weight, 1))
    throw misfit('unembed', `the input is ${describe(x)}, the embedding table ${describe(weight)}`);
  return tf.tidy(() => view(plain(matrix(x), weight, undefined), withFeatures(x, size(weight, 0))));
}

function plain(rows: Tensor2D, weight: Tensor, bias: Tensor | undefined): Tensor {
  return runFused(linearOperator, [rows, weight, bias, undefined], { activation: 'none' });
}

/** [x [m, k], weight [n, k], bias [n]?, residual [m, n]?] → activation(x · weightᵀ + bias) + residual [m, n]. */
export const linearOperator: FusedOperator<ActivationAttributes> = {
  kernel: 'TfmLinear',
  composition: ([x, weight, bias, residual], { activation }) => {
    const product = timesTransposed(x as Tensor2D, weight as Tensor2D);
    const y = activations[activation](bias ? tf.add(product, bias) : product);
    return residual ? tf.add(y, residual) : y;
  },
  gradient: (dy, operands, attributes) =>
    attributes.activation === 'none'
      ? linearGradient(dy as Tensor2D, operands)
      : gradientOfComposition(linearOperator, dy, operands, attributes),
};

function linearGradient(dy: Tensor2D, [x, weight, bias, residual]: readonly Operand[]): (() => Tensor)[] {
  const gradients = [
    () => runFused(productOperator, [dy, weight], {}),
    () => runFused(productOperator, [tf.transpose(dy), x], {}),
  ];
  if (bias) gradients.push(() => tf.sum(dy, 0));
  if (residual) gradients.push(() => tf.clone(dy));
  return gradients;
}

/** [a [m, k], b [k, n]] → a · b [m, n]. */
export const productOperator: FusedOperator<object> = {
  kernel: 'TfmProduct',
  composition: ([a, b]) => tf.matMul(a as Tensor2D, b as Tensor2D),
};

/**
 * x Wᵀ of matrices. On wasm as (W xᵀ)ᵀ: tfjs hands a product to XNNPACK only where no operand is transposed (12 times
 * faster than its own loop at 128 rows), and the activations are the cheaper operand to transpose; one row needs none.
 */
function timesTransposed(x: Tensor2D, weight: Tensor2D): Tensor2D {
  if (tf.getBackend() !== 'wasm') return tf.matMul(x, weight, false, true);
  const [rows, inputs] = x.shape;
  if (rows === 1) return tf.reshape(tf.matMul(weight, tf.reshape(x, [inputs, 1])), [1, size(weight, 0)]);
  return tf.transpose(tf.matMul(weight, tf.transpose(x)));
}

/** Groups as the batch of a batched product: equal batches on both sides, whose gradient tfjs has right. */
function grouped(x: Tensor2D, weight: Tensor2D, bias: Tensor | undefined, groups: number): Tensor {
  const [rows, inputs] = x.shape;
  const outputs = weight.shape[0];
  const features = tf.transpose(tf.reshape(x, [rows, groups, inputs / groups]), [1, 0, 2]);
  const matrices = tf.reshape(weight, [groups, outputs / groups, inputs / groups]);
  const products = tf.matMul(features, matrices, false, true);
  const y = tf.reshape(tf.transpose(products, [1, 0, 2]), [rows, outputs]);
  return bias ? tf.add(y, bias) : y;
}
