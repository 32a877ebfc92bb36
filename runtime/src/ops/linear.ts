import type { Tensor, Tensor2D } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import type { ActivationAttributes } from '../kernels/attributes.js';
import { type FusedOperator, gradientOfComposition, type Operand, runFused, together } from '../kernels/fused.js';
import { runKernels } from '../kernels/projection.js';
import { linearOfChosen } from '../lazy/chosen.js';
import { lazyLinear } from '../lazy/operators.js';
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
  if (groups === 1)
    return (
      lazyLinear(x, weight, bias) ??
      linearOfChosen(x, { weight, bias }) ??
      runFused(linearOperator, [x, weight, bias, undefined], { activation: 'none' })
    );
  return tf.tidy(() => {
    const product = groupedProduct(matrix(x), weight as Tensor2D, groups);
    return view(bias ? tf.add(product, bias) : product, withFeatures(x, size(weight, 0)));
  });
}

/**
 * The scores of every entry of an embedding table: x · tableᵀ, [.., width] → [.., vocab]
 * (Press and Wolf 2017, tied embeddings).
 */
export function unembed(x: Tensor, { weight }: { readonly weight: Tensor }): Tensor {
  if (size(x, -1) !== size(weight, 1))
    throw misfit('unembed', `the input is ${describe(x)}, the embedding table ${describe(weight)}`);
  const alone = () => runFused(linearOperator, [x, weight, undefined, undefined], { activation: 'none' });
  return lazyLinear(x, weight, undefined) ?? alone();
}

/** [x [.., k], weight [n, k], bias [n]?, residual [.., n]?] → activation(x · weightᵀ + bias) + residual [.., n]. */
export const linearOperator: FusedOperator<ActivationAttributes> = {
  kernel: 'TfmLinear',
  composition: ([x, weight, bias, residual], { activation }) => {
    const product = view(timesTransposed(matrix(x!), weight as Tensor2D), withFeatures(x!, size(weight!, 0)));
    const y = activations[activation](bias ? tf.add(product, bias) : product);
    return residual ? tf.add(y, residual) : y;
  },
  gradient: (dy, operands, attributes) =>
    attributes.activation === 'none'
      ? linearGradient(dy, operands)
      : gradientOfComposition(linearOperator, dy, operands, attributes),
};

function linearGradient(dy: Tensor, [x, weight, bias, residual]: readonly Operand[]): (() => Tensor)[] {
  const ofWeights = productOfRows(dy, x!, bias !== undefined);
  const gradients = [() => product(dy, weight!), ofWeights(0)];
  if (bias) gradients.push(ofWeights(1));
  if (residual) gradients.push(() => tf.clone(dy));
  return gradients;
}

/** a · b: [.., k] and [k, n] → [.., n]. */
export function product(a: Tensor, b: Tensor): Tensor {
  return runFused(productOperator, [a, b], {});
}

const productOperator: FusedOperator<object> = {
  kernel: 'TfmProduct',
  composition: ([a, b]) => view(tf.matMul(matrix(a!), b as Tensor2D), withFeatures(a!, size(b!, 1))),
  gradient: (dy, [a, b]) => [
    () => runFused(linearOperator, [dy, b, undefined, undefined], { activation: 'none' }),
    productOfRows(a!, dy, false)(0),
  ],
};

/** aᵀ · b over all rows, [.., m] and [.., n] → [m, n], and the sums of the columns of a [m]: as gradients, when they are asked for. */
function productOfRows(a: Tensor, b: Tensor, withSums: boolean): (place: number) => () => Tensor {
  return together(() => runKernels('TfmProductOfRows', [a, b], { withSums }));
}

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
function groupedProduct(x: Tensor2D, weight: Tensor2D, groups: number): Tensor2D {
  const [rows, inputs] = x.shape;
  const outputs = weight.shape[0];
  const grouped = tf.transpose(tf.reshape(x, [rows, groups, inputs / groups]), [1, 0, 2]);
  const matrices = tf.reshape(weight, [groups, outputs / groups, inputs / groups]);
  const products = tf.matMul(grouped, matrices, false, true);
  return tf.reshape(tf.transpose(products, [1, 0, 2]), [rows, outputs]);
}
