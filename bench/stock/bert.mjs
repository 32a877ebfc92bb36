// @ts-check
// The encoder of BERT in plain tfjs.
import * as tf from '@tensorflow/tfjs';
import { attention, dense, gelu, layerNorm, queriesKeysValues, scaledQueries } from './layers.mjs';

/** @import { Tensor2D } from '@tensorflow/tfjs' */
/** @import { WeightFile } from './weights.mjs' */

const epsilon = 1e-12;

/**
 * @param {WeightFile} file
 * @param {{ heads?: number | boolean }} config
 */
export function bert(file, { heads: given = 12 }) {
  const heads = Number(given);
  const words = file.tensor('words.weight');
  const types = file.tensor('types.weight');
  const positions = file.tensor('positions.weight');
  const norm = file.norm('embed_norm');
  const layers = Array.from({ length: file.count('layers') }, (_, i) => {
    const at = `layers.${i}`;
    const [q, k, v] = ['q', 'k', 'v'].map((name) => `${at}.attention.${name}`);
    return {
      qkv: scaledQueries(file.dense(String(q), String(k), String(v)), heads),
      out: file.dense(`${at}.attention.out`),
      norm1: file.norm(`${at}.norm_1`),
      up: file.dense(`${at}.mlp.up`),
      down: file.dense(`${at}.mlp.down`),
      norm2: file.norm(`${at}.norm_2`),
    };
  });

  /**
   * The states, [B · T, width]. Padding is 0, and is not seen.
   * @param {Int32Array} tokens
   * @param {Int32Array} kinds
   * @param {number} batch
   */
  return (tokens, kinds, batch) =>
    tf.tidy(() => {
      const length = tokens.length / batch;
      const width = words.shape[1] ?? 0;
      const ids = tf.tensor1d(tokens, 'int32');
      const embedded = tf.add(tf.gather(words, ids), tf.gather(types, tf.tensor1d(kinds, 'int32')));
      const placed = tf.add(tf.reshape(embedded, [batch, length, width]), tf.slice(positions, [0, 0], [length, width]));
      const mask = tf.reshape(tf.mul(tf.cast(tf.equal(ids, 0), 'float32'), -1e9), [batch, 1, 1, length]);
      /** @type {Tensor2D} */
      let x = layerNorm(tf.reshape(placed, [batch * length, width]), norm, epsilon);
      for (const layer of layers) {
        const attended = dense(attention(queriesKeysValues(x, layer.qkv, batch, heads), mask), layer.out);
        x = layerNorm(tf.add(x, attended), layer.norm1, epsilon);
        x = layerNorm(tf.add(x, dense(gelu(dense(x, layer.up)), layer.down)), layer.norm2, epsilon);
      }
      return x;
    });
}
