// @ts-check
// GPT-2 in plain tfjs.
import * as tf from '@tensorflow/tfjs';
import { attention, dense, geluTanh, layerNorm, queriesKeysValues, scaledQueries } from './layers.mjs';

/** @import { Tensor, Tensor2D, Tensor4D } from '@tensorflow/tfjs' */
/** @import { WeightFile } from './weights.mjs' */

/** @typedef {{ k: Tensor4D, v: Tensor4D }} Cache keys [1, H, d, T] and values [1, H, T, d] of a layer */

const epsilon = 1e-5;

/**
 * @param {WeightFile} file
 * @param {{ heads?: number | boolean }} config
 */
export function gpt2(file, { heads: given = 12 }) {
  const heads = Number(given);
  const embedding = file.tensor('wte.weight');
  const positions = file.tensor('wpe.weight');
  const unembedding = file.transposed('wte.weight');
  const layers = Array.from({ length: file.count('layers') }, (_, i) => {
    const at = `layers.${i}`;
    const [q, k, v] = ['q', 'k', 'v'].map((name) => `${at}.attention.${name}`);
    return {
      norm1: file.norm(`${at}.ln_1`),
      qkv: scaledQueries(file.dense(String(q), String(k), String(v)), heads),
      out: file.dense(`${at}.attention.out`),
      norm2: file.norm(`${at}.ln_2`),
      up: file.dense(`${at}.mlp.up`),
      down: file.dense(`${at}.mlp.down`),
    };
  });
  const norm = file.norm('ln_f');
  const mask = causalMask(positions.shape[0] ?? 0);

  /**
   * Scores behind every token, [T, vocab], and the keys and values so far. One sequence; all that is made and not given
   * back is disposed of.
   * @param {readonly number[]} tokens
   * @param {readonly Cache[]} [past]
   * @returns {{ logits: Tensor2D, caches: Cache[] }}
   */
  return (tokens, past) =>
    tf.tidy(() => {
      const from = past?.[0]?.v.shape[2] ?? 0;
      const count = tokens.length;
      const ids = tf.tensor1d([...tokens], 'int32');
      /** @type {Tensor2D} */
      let x = tf.add(tf.gather(embedding, ids), tf.slice(positions, [from, 0], [count, -1]));
      const visible = count === 1 ? undefined : tf.slice(mask, [from, 0], [count, from + count]);
      const caches = layers.map((layer, i) => {
        const fresh = queriesKeysValues(layerNorm(x, layer.norm1, epsilon), layer.qkv, 1, heads);
        const cached = past?.[i];
        const k = cached ? tf.concat([cached.k, fresh.k], 3) : fresh.k;
        const v = cached ? tf.concat([cached.v, fresh.v], 2) : fresh.v;
        x = tf.add(x, dense(attention({ q: fresh.q, k, v }, visible), layer.out));
        const up = geluTanh(dense(layerNorm(x, layer.norm2, epsilon), layer.up));
        x = tf.add(x, dense(up, layer.down));
        return { k, v };
      });
      return { logits: tf.matMul(layerNorm(x, norm, epsilon), unembedding), caches };
    });
}

/**
 * 0 where the key (column) is not behind the query (row), else a number that leaves nothing of a probability.
 * @param {number} size
 * @returns {Tensor}
 */
const causalMask = (size) => tf.tidy(() => tf.mul(tf.sub(1, tf.linalg.bandPart(tf.ones([size, size]), -1, 0)), -1e9));
