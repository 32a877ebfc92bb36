import type { Tensor } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import { describe, misfit, size } from '../shapes.js';

/** Queries, keys and values with all four axes, [B, T, heads, features], and the way back to the caller's shape. */
export interface AttentionInputs {
  readonly query: Tensor | undefined;
  readonly key: Tensor | undefined;
  readonly value: Tensor;
  readonly sizes: AttentionSizes;
  /** The shape of the result [B, Tq, H, d_v] as the caller wants it. */
  readonly resultShape: number[];
}

interface AttentionSizes {
  readonly batch: number;
  /** Heads of the queries; `keyHeads` divides it. */
  readonly heads: number;
  readonly keyHeads: number;
  readonly queries: number;
  readonly keys: number;
}

/**
 * The forms of `attend`: with heads (rank 4), one head (rank 3), and inside `scan` one query row without its sequence
 * axis ([B, d] or, where the keys have heads, [B, H, d]).
 *
 * @throws TfmError TFM5404 where the shapes do not fit each other.
 */
export function attentionInputs(q: Tensor | null, k: Tensor | null, v: Tensor): AttentionInputs {
  if ((q === null) !== (k === null)) throw misfit('attend', 'queries and keys are given both, or both none');
  const value = withHeads(v);
  const key = k ? withHeads(k) : undefined;
  const row = q !== null && k !== null && (q.rank === 2 || (q.rank === 3 && k.rank === 4));
  const query = q ? (row ? withoutSequence(q) : withHeads(q)) : undefined;
  const [batch, keys, keyHeads, width] = value.shape as [number, number, number, number];
  const sizes = { batch, heads: size(query ?? value, 2), keyHeads, queries: size(query ?? value, 1), keys };
  check(query, key, value);
  const resultShape = resultOf(q ?? v, row, sizes, width);
  return { query, key, value, sizes, resultShape };
}

function resultOf(like: Tensor, row: boolean, { batch, queries, heads }: AttentionSizes, width: number): number[] {
  if (row) return like.rank === 2 ? [batch, width] : [batch, heads, width];
  return like.rank === 3 ? [batch, queries, width] : [batch, queries, heads, width];
}

/** [B, T, d] is one head. */
function withHeads(x: Tensor): Tensor {
  if (x.rank === 4) return x;
  if (x.rank !== 3) throw misfit('attend', `${describe(x)} is neither [B, T, heads, features] nor [B, T, features]`);
  return tf.expandDims(x, 2);
}

function withoutSequence(q: Tensor): Tensor {
  const [batch = 1, ...rest] = q.shape;
  return tf.reshape(q, q.rank === 2 ? [batch, 1, 1, ...rest] : [batch, 1, ...rest]);
}

function check(query: Tensor | undefined, key: Tensor | undefined, value: Tensor): void {
  if (!query || !key) return;
  const fits =
    size(key, 0) === size(value, 0) &&
    size(key, 1) === size(value, 1) &&
    size(key, 2) === size(value, 2) &&
    size(query, 0) === size(key, 0) &&
    size(query, 3) === size(key, 3) &&
    size(query, 2) % size(key, 2) === 0;
  if (!fits)
    throw misfit(
      'attend',
      `query ${describe(query)}, key ${describe(key)}, value ${describe(value)} (batch, rows, heads, features) do not fit`,
      'keys and values have one length and one number of heads, which divides that of the queries; queries and keys one width',
    );
}

/** [B, T, heads, d] → [B, heads, T, d]; a mere view for one row or one head. */
export function headsFirst(x: Tensor): Tensor {
  const [batch, rows, heads, width] = x.shape as [number, number, number, number];
  if (rows === 1 || heads === 1) return tf.reshape(x, [batch, heads, rows, width]);
  return tf.transpose(x, [0, 2, 1, 3]);
}

/** [B, heads, T, d] → [B, T, heads, d]. */
export function headsLast(x: Tensor): Tensor {
  const [batch, heads, rows, width] = x.shape as [number, number, number, number];
  if (rows === 1 || heads === 1) return tf.reshape(x, [batch, rows, heads, width]);
  return tf.transpose(x, [0, 2, 1, 3]);
}
