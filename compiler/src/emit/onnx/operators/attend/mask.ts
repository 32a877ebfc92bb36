import { call } from '../../../../algebra/index.js';
import type { Expression } from '../../../../graph/graph.js';
import type { Value } from '../../builder.js';
import { as, evaluateFormula, type FormulaContext, isScalar } from '../../formulas/index.js';
import type { Ops } from '../../ops.js';

/**
 * The score of a key that is not seen: finite, so that no row becomes ∞ − ∞, and far below every score that a model can
 * have, so that exp(score − largest) is exactly 0.
 */
const unseen = -1e30;

/** True where a key is seen: bool [b, h, q, k]. `undefined`: everywhere. */
export function visible(conjuncts: readonly Expression[], context: FormulaContext): Value | undefined {
  const [first, ...rest] = conjuncts;
  if (first === undefined) return undefined;
  const mask = evaluateFormula(
    rest.reduce((a, b) => call('and', a, b), first),
    context,
  );
  if (mask === true) return undefined;
  return isScalar(mask) ? context.ops.builder.constant('bool', [1, 1, 1, 1], [0]) : as(context.ops, mask, 'bool');
}

/** Scores, or what is added to them, with `unseen` where the mask hides the key, and nothing below it. */
export function hidden(ops: Ops, scores: Value, mask: Value | undefined, finite: boolean): Value {
  const masked = mask ? ops.where(mask, scores, ops.scalar(unseen)) : scores;
  if (finite) return masked;
  const limits = [ops.scalar(unseen), ops.scalar(-unseen)];
  return ops.builder.node('Clip', [masked, ...limits], { type: 'float', shape: masked.shape });
}

/** True for queries that see a key, [b, h, q, 1]: of a mask, or of scores. */
export function rowsThatSee(ops: Ops, of: Value): Value {
  if (of.type !== 'bool') {
    const largest = ops.reduce('ReduceMax', of, [3]);
    return ops.compare('Greater', largest, ops.scalar(unseen / 2));
  }
  return ops.cast(ops.reduce('ReduceMax', ops.cast(of, 'float'), [3]), 'bool');
}
