import type { Tensor } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import type { FormulaContext } from '../../formula/context.js';
import { evaluate } from '../../formula/evaluate.js';
import { type Formula, some } from '../../formula/formula.js';
import { float } from '../../formula/on-tensors.js';
import { size } from '../shapes.js';

/**
 * scale · q kᵀ for all pairs: query [B, H, Tq, d], key [B, G, Tk, d] → [B, H, Tq, Tk]. The H / G query heads that read
 * one key head are rows of one product, so that keys are not repeated.
 */
export function products(query: Tensor, key: Tensor, scale: number): Tensor {
  const [batch, heads, rows, width] = query.shape as [number, number, number, number];
  const [keyHeads, keys] = [size(key, 1), size(key, 2)];
  const scaled = scale === 1 ? query : tf.mul(query, scale);
  const grouped = tf.reshape(scaled, [batch, keyHeads, (heads / keyHeads) * rows, width]);
  return tf.reshape(tf.matMul(grouped, key, false, true), [batch, heads, rows, keys]);
}

/** Σ p·v: probabilities [B, H, Tq, Tk], value [B, G, Tk, d_v] → [B, H, Tq, d_v]. */
export function weightedValues(probabilities: Tensor, value: Tensor): Tensor {
  const [batch, heads, rows, keys] = probabilities.shape as [number, number, number, number];
  const [keyHeads, width] = [size(value, 1), size(value, 3)];
  const grouped = tf.reshape(probabilities, [batch, keyHeads, (heads / keyHeads) * rows, keys]);
  return tf.reshape(tf.matMul(grouped, value), [batch, heads, rows, width]);
}

/** The scores after all score formulas, from left to right: [B, H, Tq, Tk]. */
export function scored(first: Tensor | undefined, formulas: readonly Formula[], context: FormulaContext): Tensor {
  const { batch, heads, queries, keys } = context;
  const shape = [batch, heads, queries, keys];
  let score = first;
  for (const formula of formulas) {
    const value = evaluate(formula, { ...context, score: score ?? tf.scalar(0) });
    score = typeof value === 'number' ? tf.scalar(value) : float(value);
  }
  if (!score) return tf.zeros(shape);
  const complete = score.rank === 4 && score.shape.every((n, axis) => n === shape[axis]);
  return complete ? score : tf.add(score, tf.zeros(shape));
}

/** Whether the q·k products matter: the first formula that does not read s makes them needless. */
export function readsProducts(formulas: readonly Formula[]): boolean {
  return formulas.every((formula) => some(formula, (part) => part.kind === 'score'));
}
