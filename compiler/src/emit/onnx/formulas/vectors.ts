import type { Value } from '../builder.js';
import type { Ops } from '../ops.js';
import { product, type Size, sameSize } from '../sizes.js';
import type { FormulaContext, FormulaNumber, FormulaVector } from './context.js';
import { isScalar } from './context.js';
import { as } from './elementwise.js';

/** The vectors of queries [B, H, Tq, d] or keys [B, G, Tk, d], as [B, H, Tq, 1, d] or [B, H, 1, Tk, d]. */
export function vectorOf(x: Value, of: 'query' | 'key', { ops, heads }: FormulaContext): FormulaVector {
  const [batch = 1, own = 1, rows = 1, width = 1] = x.shape;
  const each = sameSize(own, heads) || own === 1 ? x : repeated(ops, x, batch, own, heads, [rows, width]);
  return { vector: ops.unsqueeze(each, [of === 'query' ? 3 : 2]) };
}

/** Each key head for the query heads that read it. */
function repeated(ops: Ops, x: Value, batch: Size, own: Size, heads: number, rest: readonly Size[]): Value {
  const shared = heads / Number(own);
  const wide = ops.expand(ops.unsqueeze(x, [2]), [batch, own, shared, ...rest]);
  return ops.reshape(wide, [batch, product(own, shared), ...rest]);
}

/** A number for each [b, h, q, k] as an operand beside vectors. */
export function asVector(x: FormulaNumber, ops: Ops): FormulaNumber {
  return isScalar(x) || x.shape.length === 0 ? x : ops.unsqueeze(x, [4]);
}

/** Σ a·b over the features: [b, h, q, k]. */
export function dot(a: Value, b: Value, ops: Ops): Value {
  const [x, y] = [as(ops, a, 'float'), as(ops, b, 'float')];
  // One vector against those of all keys is a matrix product, which makes nothing as large as all products.
  if (y.shape[3] === 1) return ops.squeeze(ops.matmul(x, ops.transpose(y, [0, 1, 2, 4, 3])), [4]);
  if (x.shape[3] === 1) return ops.squeeze(ops.matmul(y, ops.transpose(x, [0, 1, 2, 4, 3])), [4]);
  return ops.reduce('ReduceSum', ops.multiply(x, y), [-1], false);
}
