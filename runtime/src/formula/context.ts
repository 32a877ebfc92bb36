import type { Tensor } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import type { OperatorScope, Start } from '../ops/context.js';
import type { Groups } from './groups.js';

/** What the leaves of a formula stand for in one attention. */
export interface FormulaContext {
  readonly batch: number;
  readonly heads: number;
  readonly queries: number;
  readonly keys: number;
  /** Absolute position of the first query; keys begin at position 0. */
  readonly start: Start;
  /** Where the entries of the batch are groups of positions: the positions of query and key t of each. */
  readonly groups?: Groups | undefined;
  /** [B, H, Tq, Tk] */
  readonly score?: Tensor | undefined;
  /** [B, H, Tq, d_k] */
  readonly query?: Tensor | undefined;
  /** [B, G, Tk, d_k] */
  readonly key?: Tensor | undefined;
  /** Arguments of an elementwise function. */
  readonly elements?: readonly Tensor[] | undefined;
  readonly scope?: OperatorScope | undefined;
}

/**
 * A number; a tensor that broadcasts to [B, H, Tq, Tk]; or a vector for each of these, as [B·H, Tq, Tk, d], where any
 * of the first three axes may have size 1 (batch and heads share an axis: rank 5 is too much for WebGPU).
 */
export type FormulaValue = number | Tensor | { readonly vector: Tensor };

/** Values for [b, h, ..] as [B·H, ..rest], or [1, ..rest] where they depend on neither batch nor head. */
export function withVectorAxes(x: Tensor, rest: readonly number[], { batch, heads }: FormulaContext): Tensor {
  const [b = 1, h = 1] = x.shape;
  if (b === 1 && h === 1) return tf.reshape(x, [1, ...rest]);
  const inner = x.size / (b * h);
  const repeated = tf.tile(tf.reshape(x, [b, h, inner]), [batch / b, heads / h, 1]);
  return tf.reshape(repeated, [batch * heads, ...rest]);
}
