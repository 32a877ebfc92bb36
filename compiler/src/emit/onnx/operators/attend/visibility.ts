import { same } from '../../../../algebra/construct.js';
import { constantDifference } from '../../../../algebra/index.js';
import type { Expression, Operator } from '../../../../graph/graph.js';
import { replaced } from '../../formulas/index.js';

const key: Expression = { kind: 'axis', axis: 'key' };
const query: Expression = { kind: 'axis', axis: 'query' };

/** The conditions that must all hold. */
export function conjunctsOf(mask: Expression): readonly Expression[] {
  if (mask === true) return [];
  return typeof mask === 'object' && mask.kind === 'operator' && mask.operator === 'and'
    ? mask.operands.flatMap(conjunctsOf)
    : [mask];
}

/** k ≤ q, however it is written. */
export function isCausal(condition: Expression): boolean {
  if (typeof condition !== 'object' || condition.kind !== 'operator') return false;
  const [a, b] = condition.operands;
  if (a === undefined || b === undefined) return false;
  return (
    (condition.operator === 'less_equal' && same(a, key) && same(b, query)) ||
    (condition.operator === 'greater_equal' && same(a, query) && same(b, key))
  );
}

/**
 * Provable from the formula: every query sees some key, its own where `ownKey` says that it is there, or the first.
 */
export function everyQuerySees(mask: Expression, ownKey: boolean): boolean {
  return (ownKey && always(replaced(mask, key, query))) || always(replaced(mask, key, 0));
}

/** Soundly, not completely. Positions are not below 0. */
function always(condition: Expression): boolean {
  if (typeof condition !== 'object' || condition.kind !== 'operator') return condition === true;
  const { operator, operands } = condition;
  const [a, b, c] = operands;
  if (operator === 'and') return operands.every(always);
  if (operator === 'or') return operands.some(always);
  if (operator === 'if') return always(b!) && always(c!);
  if (a === undefined || b === undefined) return false;
  if (a === 0 && same(b, query)) return operator === 'less_equal';
  if (b === 0 && same(a, query)) return operator === 'greater_equal';
  const difference = constantDifference(a, b);
  return difference !== undefined && (holds[operator]?.(difference) ?? false);
}

const holds: Readonly<Partial<Record<Operator, (difference: number) => boolean>>> = {
  equal: (difference) => difference === 0,
  not_equal: (difference) => difference !== 0,
  less: (difference) => difference < 0,
  less_equal: (difference) => difference <= 0,
  greater: (difference) => difference > 0,
  greater_equal: (difference) => difference >= 0,
};
