import type { Tensor, Tensor2D } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import { once } from '../ops/context.js';
import { takeRows } from '../ops/embedding.js';
import { isWatched } from '../replay/tracking.js';
import { f } from './builders.js';
import type { FormulaContext } from './context.js';
import { type Formula, isStatic, parts, usesAxis } from './formula.js';
import { staticKey, staticTable } from './static-tensor.js';
import { extentOf } from './table-facts.js';

/**
 * dot(query, table[r]) or dot(key, table[r]), where r depends on the positions of both: every row of the table that occurs is
 * multiplied once, and the products are looked up, so that no vector is made for each pair (relative positions of Shaw et al. 2018,
 * disentangled attention of He et al. 2021, section 3.1). Also of table[r, head]. [B, H, Tq, Tk]; `undefined` where the formula is no
 * such product.
 */
export function tableProduct(operands: readonly Formula[], context: FormulaContext): Tensor | undefined {
  const { batch, heads, queries, keys } = context;
  const found = partsOf(operands, heads);
  // In a step that is captured the rows that occur would be fixed.
  if (!found || isWatched() || context.groups || typeof context.start.read() !== 'number') return undefined;
  const { side, table } = found;
  const vectors = context[side];
  if (vectors?.shape[1] !== heads) return undefined;
  const row = f.clamp(f.round(found.row), 0, table.shape[0]! - 1);
  const rows = staticTable(row, context);
  const { values } = rows;
  if (values.length !== queries * keys) return undefined;
  const { low: first, high } = extentOf(rows);
  const count = high - first + 1;
  const products = productsWith(vectors, tf.slice(table, first, count)); // [T, count, B · H]
  const ids = once(context.scope, `products of each ${side} ${staticKey(row, context)}`, () => {
    const at = (pair: number) => (side === 'query' ? Math.floor(pair / keys) : pair % keys);
    return tf.tensor1d(
      Int32Array.from(values, (value, pair) => at(pair) * count + value - first),
      'int32',
    );
  });
  return tf.reshape(tf.transpose(takeRows(products, ids)), [batch, heads, queries, keys]);
}

/** Whether a formula has a vector for each pair of query and key on its way. */
export function makesVectors(of: Formula, heads: number): boolean {
  if (of.kind === 'vector') return true;
  if (of.kind === 'operator' && of.operator === 'dot' && partsOf(of.operands, heads)) return false;
  return parts(of).some((part) => makesVectors(part, heads));
}

interface TableProduct {
  readonly side: 'query' | 'key';
  /** [R, d] or [R, H, d] */
  readonly table: Tensor;
  readonly row: Formula;
}

function partsOf(operands: readonly Formula[], heads: number): TableProduct | undefined {
  const vector = operands.find((each) => each.kind === 'vector');
  const rows = operands.find((each) => each.kind === 'lookup');
  if (!vector || !rows || rows.batched) return undefined;
  const { tensor: table, indices } = rows;
  const [row, head] = indices;
  const isByHead = indices.length === 2 && head?.kind === 'axis' && head.axis === 'head' && table.shape[1] === heads;
  if (!row || table.rank !== indices.length + 1 || !(indices.length === 1 || isByHead)) return undefined;
  const isOfPair = isStatic(row) && usesAxis(row, 'query') && usesAxis(row, 'key') && !usesAxis(row, 'head');
  return isOfPair ? { side: vector.of, table, row } : undefined;
}

/** [B, H, T, d] and [R, d] or [R, H, d] → [T · R, B · H]. */
function productsWith(vectors: Tensor, table: Tensor): Tensor2D {
  const [batch, heads, length, width] = vectors.shape as [number, number, number, number];
  const rows = table.shape[0]!;
  const ordered = (products: Tensor, axes: number[]) =>
    tf.reshape(tf.transpose(products, axes), [length * rows, batch * heads]) as Tensor2D;
  if (table.rank === 2) {
    const all = tf.matMul(tf.reshape(vectors, [vectors.size / width, width]), table, false, true);
    return ordered(tf.reshape(all, [batch, heads, length, rows]), [2, 3, 0, 1]);
  }
  // Heads first: products of matrices with several axes in front have no gradient where one of them is broadcast.
  const byHead = tf.reshape(tf.transpose(vectors, [1, 0, 2, 3]), [heads, batch * length, width]);
  const all = tf.matMul(byHead, tf.transpose(table, [1, 0, 2]), false, true);
  return ordered(tf.reshape(all, [heads, batch, length, rows]), [2, 3, 1, 0]);
}
