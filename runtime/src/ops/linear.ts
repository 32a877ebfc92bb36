import type { Tensor, Tensor2D } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
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
    const product =
      groups === 1 ? timesTransposed(rows, weight as Tensor2D) : groupedProduct(rows, weight as Tensor2D, groups);
    const y = bias ? tf.add(product, bias) : product;
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
  return tf.tidy(() => view(timesTransposed(matrix(x), weight as Tensor2D), withFeatures(x, size(weight, 0))));
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
