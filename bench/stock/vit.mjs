// @ts-check
// The Vision Transformer in plain tfjs.
import * as tf from '@tensorflow/tfjs';
import { attention, dense, gelu, layerNorm, queriesKeysValues, scaledQueries } from './layers.mjs';

/** @import { Tensor2D, Tensor4D } from '@tensorflow/tfjs' */
/** @import { WeightFile } from './weights.mjs' */

const epsilon = 1e-6;

/**
 * @param {WeightFile} file
 * @param {{ heads?: number | boolean, patch?: number | boolean, channels?: number | boolean }} config
 */
export function vit(file, { heads: given = 12, patch: side = 16, channels = 3 }) {
  const heads = Number(given);
  const patch = Number(side);
  const projection = file.dense('projection');
  const width = projection.bias.shape[0];
  /** Patches and their projection are one convolution. */
  const filter = tf.tidy(
    () => /** @type {Tensor4D} */ (tf.reshape(projection.kernel, [patch, patch, Number(channels), width])),
  );
  const classToken = file.tensor('class_token');
  const positions = tf.tidy(() => tf.concat([file.tensor('class_position'), file.tensor('positions')]));
  const layers = Array.from({ length: file.count('layers') }, (_, i) => {
    const at = `layers.${i}`;
    const [q, k, v] = ['q', 'k', 'v'].map((name) => `${at}.attention.${name}`);
    return {
      norm1: file.norm(`${at}.norm_1`),
      qkv: scaledQueries(file.dense(String(q), String(k), String(v)), heads),
      out: file.dense(`${at}.attention.out`),
      norm2: file.norm(`${at}.norm_2`),
      up: file.dense(`${at}.mlp.up`),
      down: file.dense(`${at}.mlp.down`),
    };
  });
  const norm = file.norm('norm');
  const head = file.dense('head');

  /**
   * Scores of every class, [1, classes], of one image [1, size, size, channels].
   * @param {Tensor4D} image
   */
  return (image) =>
    tf.tidy(() => {
      const patches = tf.fused.conv2d({ x: image, filter, strides: patch, pad: 'valid', bias: projection.bias });
      /** @type {Tensor2D} */
      let x = tf.add(tf.concat([classToken, tf.reshape(patches, [-1, width])]), positions);
      for (const layer of layers) {
        const projections = queriesKeysValues(layerNorm(x, layer.norm1, epsilon), layer.qkv, 1, heads);
        x = tf.add(x, dense(attention(projections, undefined), layer.out));
        x = tf.add(x, dense(gelu(dense(layerNorm(x, layer.norm2, epsilon), layer.up)), layer.down));
      }
      // Only the class token's state is read.
      return dense(layerNorm(tf.slice(x, [0, 0], [1, width]), norm, epsilon), head);
    });
}
