// @ts-check
// Transformer layers in plain tfjs, as one writes them who knows it: kernels lie as [in, out], so that products need no
// transposition; products, biases and activations are one operation where tfjs has it; rows are matrices throughout.
import * as tf from '@tensorflow/tfjs';
/** @import { Tensor, Tensor1D, Tensor2D, Tensor4D } from '@tensorflow/tfjs' */

/** @typedef {{ kernel: Tensor2D, bias: Tensor1D }} Dense */
/** @typedef {{ scale: Tensor1D, shift: Tensor1D }} Norm */

/**
 * @param {Tensor2D} x
 * @param {Dense} weights
 */
export const dense = (x, { kernel, bias }) => /** @type {Tensor2D} */ (tf.fused.matMul({ a: x, b: kernel, bias }));

/**
 * @param {Tensor2D} x
 * @param {Norm} weights
 * @param {number} epsilon
 * @returns {Tensor2D}
 */
export function layerNorm(x, { scale, shift }, epsilon) {
  const centred = tf.sub(x, tf.mean(x, 1, true));
  const variance = tf.mean(tf.square(centred), 1, true);
  return tf.add(tf.mul(tf.mul(centred, tf.rsqrt(tf.add(variance, epsilon))), scale), shift);
}

/**
 * x Φ(x) (Hendrycks and Gimpel 2016).
 * @param {Tensor2D} x
 * @returns {Tensor2D}
 */
export const gelu = (x) => tf.mul(tf.mul(x, 0.5), tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1));

/**
 * Its approximation by tanh, in fewer operations: ½ (1 + tanh(u)) = sigmoid(2u).
 * @param {Tensor2D} x
 * @returns {Tensor2D}
 */
export function geluTanh(x) {
  const scale = 2 * Math.sqrt(2 / Math.PI);
  const inner = tf.mul(x, tf.add(tf.mul(tf.square(x), 0.044715 * scale), scale));
  return tf.mul(x, tf.sigmoid(inner));
}

/**
 * @param {Tensor2D} rows [B · T, H · d]
 * @param {number} batch
 * @param {number} heads
 * @param {readonly number[]} order
 */
function intoHeads(rows, batch, heads, order) {
  const [all, width] = rows.shape;
  return tf.transpose(tf.reshape(rows, [batch, all / batch, heads, width / heads]), [...order]);
}

/**
 * Queries, keys and values of one product, for every head. Keys lie the way that the scores want them: [B, H, d, T].
 * @param {Tensor2D} x
 * @param {Dense} weights of all three, side by side
 * @param {number} batch
 * @param {number} heads
 */
export function queriesKeysValues(x, weights, batch, heads) {
  const [q, k, v] = /** @type {Tensor2D[]} */ (tf.split(dense(x, weights), 3, 1));
  if (!q || !k || !v) throw new Error('split gave fewer parts');
  return {
    q: /** @type {Tensor4D} */ (intoHeads(q, batch, heads, [0, 2, 1, 3])),
    k: /** @type {Tensor4D} */ (intoHeads(k, batch, heads, [0, 2, 3, 1])),
    v: /** @type {Tensor4D} */ (intoHeads(v, batch, heads, [0, 2, 1, 3])),
  };
}

/**
 * softmax(q k + mask) v, the heads side by side again: [B · T, H · d]. q comes scaled.
 * @param {{ q: Tensor4D, k: Tensor4D, v: Tensor4D }} projections
 * @param {Tensor | undefined} mask what is added to the scores
 * @returns {Tensor2D}
 */
export function attention({ q, k, v }, mask) {
  const scores = tf.matMul(q, k);
  const probabilities = tf.softmax(mask ? tf.add(scores, mask) : scores);
  const [batch, heads, rows, width] = q.shape;
  return tf.reshape(tf.transpose(tf.matMul(probabilities, v), [0, 2, 1, 3]), [batch * rows, heads * width]);
}

/**
 * Multiplies the queries' part of a projection by 1/√d, once instead of at every run.
 * @param {Dense} weights of queries, keys and values
 * @param {number} heads
 * @returns {Dense}
 */
export function scaledQueries({ kernel, bias }, heads) {
  return tf.tidy(() => {
    const width = kernel.shape[0];
    const factors = tf.concat([tf.fill([width], (width / heads) ** -0.5), tf.ones([2 * width])]);
    return { kernel: tf.mul(kernel, factors), bias: tf.mul(bias, factors) };
  });
}
