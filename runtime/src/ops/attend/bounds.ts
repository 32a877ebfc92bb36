import type { Tensor } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import type { FormulaContext } from '../../formula/context.js';
import { type Formula, isStatic, parts } from '../../formula/formula.js';
import { staticTable } from '../../formula/static-tensor.js';
import { extentOf } from '../../formula/table-facts.js';
import { guarded } from '../../replay/tracking.js';
import { less } from '../logic.js';
import { unseen } from './mask.js';

/**
 * Whether score formulas give finite numbers for finite inputs; if not, they may give anything: −∞, which hides a key like a
 * mask (a table of 0 and −∞), or log(q − k) where the mask hides the key.
 */
export function areFinite(formulas: readonly Formula[], context: FormulaContext): boolean {
  return formulas.every((formula) => hasBounds(formula, context));
}

const unbounded = new Set(['divide', 'modulo', 'power', 'exp', 'log', 'log2', 'sqrt']);

function hasBounds(of: Formula, context: FormulaContext): boolean {
  if (isStatic(of)) return guarded(() => extentOf(staticTable(of, context)).areFinite);
  if (of.kind === 'lookup') return false;
  if (of.kind === 'operator' && unbounded.has(of.operator) && !dividesByConstant(of)) return false;
  return parts(of).every((part) => hasBounds(part, context));
}

function dividesByConstant({ operator, operands: [, divisor] }: Formula & { readonly kind: 'operator' }): boolean {
  return operator === 'divide' && divisor?.kind === 'constant' && Number(divisor.value) !== 0;
}

/** Scores plus the mask's bias, within ±1e30; exactly `unseen` where the mask hides the key, whatever the formula gives there. */
export function bounded(scores: Tensor, bias: Tensor | undefined): Tensor {
  return tf.tidy(() => {
    const within = tf.clipByValue(scores, unseen, -unseen);
    return bias ? tf.where(hiddenBy(bias, scores.shape), tf.fill(scores.shape, unseen), within) : within;
  });
}

function hiddenBy(bias: Tensor, shape: readonly number[]): Tensor {
  return tf.tidy(() => less(tf.add(bias, tf.zeros([...shape])), unseen / 2));
}
