import type { Expression } from '../graph/graph.js';
import type { Checker } from './checker.js';
import { formulaKind } from './formula-kinds.js';

/** Whether a number of the configuration is true or false, as far as one can know before it is given. */
export function isCondition(expression: Expression, checker: Checker): boolean {
  const value = checker.value(expression);
  if (value !== undefined) return typeof value === 'boolean';
  if (typeof expression === 'object' && expression.kind === 'operator' && expression.operator === 'index') {
    // `sliding[i]`, whichever layer it is.
    const list = checker.value(expression.operands[0] ?? 0);
    return Array.isArray(list) && list.every((item) => typeof item === 'boolean');
  }
  return formulaKind(expression, checker.formulas) !== 'number';
}
