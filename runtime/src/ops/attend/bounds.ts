import type { Tensor } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import type { FormulaContext } from '../../formula/context.js';
import { type Formula, isStatic, parts } from '../../formula/formula.js';
import { staticTable } from '../../formula/static-tensor.js';
import { ofTable } from '../../formula/table-facts.js';
import { guarded } from '../../replay/tracking.js';
import { less } from '../logic.js';
import { unseen } from './mask.js';

/**
 * What score formulas give for finite inputs: finite numbers; −∞ too, which hides a key like a mask (a table of 0 and
 * −∞); or anything, such as log(q − k) where the mask hides the key.
 */
export type Bounds = 'finite' | 'minus infinity' | 'anything';

export function boundsOf(formulas: readonly Formula[], context: FormulaContext): Bounds {
  return widest(formulas.map((formula) => bounds(formula, context)));
}

const unbounded = new Set(['divide', 'modulo', 'power', 'exp', 'log', 'log2', 'sqrt']);

function bounds(of: Formula, context: FormulaContext): Bounds {
  if (isStatic(of)) return guarded(() => boundsOfTable(staticTable(of, context)));
  if (of.kind === 'lookup') return 'minus infinity';
  if (of.kind === 'operator' && unbounded.has(of.operator) && !dividesByConstant(of)) return 'anything';
  return widest(parts(of).map((part) => bounds(part, context)));
}

function dividesByConstant({ operator, operands: [, divisor] }: Formula & { readonly kind: 'operator' }): boolean {
  return operator === 'divide' && divisor?.kind === 'constant' && Number(divisor.value) !== 0;
}

function widest(all: readonly Bounds[]): Bounds {
  if (all.includes('anything')) return 'anything';
  return all.includes('minus infinity') ? 'minus infinity' : 'finite';
}

const boundsOfTable = ofTable(({ values }): Bounds => {
  if (values.every(Number.isFinite)) return 'finite';
  return values.every((value) => value < Number.POSITIVE_INFINITY) ? 'minus infinity' : 'anything';
});

/** Scores plus the mask's bias, within ±1e30; exactly `unseen` where the mask hides the key, whatever the formula gives there. */
export function bounded(scores: Tensor, bias: Tensor | undefined, bounds: Bounds): Tensor {
  if (!bias) return tf.clipByValue(scores, unseen, -unseen);
  if (bounds === 'minus infinity') return tf.clipByValue(tf.add(scores, bias), unseen, -unseen);
  const hidden = less(tf.add(bias, tf.zeros(scores.shape)), unseen / 2);
  return tf.clipByValue(tf.where(hidden, tf.fill(scores.shape, unseen), scores), unseen, -unseen);
}
