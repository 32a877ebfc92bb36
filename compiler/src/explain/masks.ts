import { type Environment, evaluate } from '../algebra/evaluate.js';
import { children } from '../algebra/walk.js';
import type { Expression, FormulaDeclaration } from '../graph/graph.js';
import { environmentIn, type Scope } from './scope.js';

/** Queries and keys are looked at one by one up to this many of each, beyond that at evenly spaced ones. */
const MOST_SAMPLES = 128;

/**
 * The share of all (query, key) pairs that a mask lets through, for queries `from` … `from + queries` − 1 and keys 0 … `keys` − 1.
 * What comes with the data (`present(x)`) counts as true; exact up to 128 queries and keys, and for `k <= q` always.
 */
export function allowedShare(
  formula: Expression,
  scope: Scope,
  { from, queries, keys }: { from: number; queries: number; keys: number },
): number {
  if (queries === 0 || keys === 0) return 0;
  const environment = { ...environmentIn(scope), lookup: () => true };
  const mask = armTaken(formula, environment);
  if (isCausal(mask, scope.formulas)) {
    let allowed = 0;
    for (let query = from; query < from + queries; query++) allowed += Math.min(query + 1, keys);
    return allowed / (queries * keys);
  }
  let allowed = 0;
  let count = 0;
  for (const query of samples(queries)) {
    for (const key of samples(keys)) {
      if (allows(mask, environment, from + query, key)) allowed++;
      count++;
    }
  }
  return allowed / count;
}

/** Of `if near == none then causal else window(near)`, the mask that this configuration takes. */
function armTaken(mask: Expression, environment: Environment): Expression {
  if (typeof mask !== 'object' || mask.kind !== 'operator' || mask.operator !== 'if') return mask;
  const [condition = true, then = mask, otherwise = mask] = mask.operands;
  const value = evaluate(condition, environment);
  return typeof value === 'boolean' ? armTaken(value ? then : otherwise, environment) : mask;
}

function allows(mask: Expression, environment: Environment, query: number, key: number): boolean {
  return evaluate(mask, { ...environment, axes: { head: 0, query, key } }) !== false;
}

function samples(count: number): number[] {
  const taken = Math.min(count, MOST_SAMPLES);
  return Array.from({ length: taken }, (_, i) => Math.floor(((i + 0.5) * count) / taken));
}

/** `k <= q`, also under a name. */
function isCausal(mask: Expression, formulas: ReadonlyMap<string, FormulaDeclaration>): boolean {
  if (typeof mask !== 'object') return false;
  if (mask.kind === 'apply') {
    const formula = formulas.get(mask.formula);
    return formula !== undefined && isCausal(formula.expression, formulas);
  }
  if (mask.kind !== 'operator') return false;
  const [left, right] = mask.operands;
  const isAxis = (operand: Expression | undefined, axis: 'query' | 'key'): boolean =>
    typeof operand === 'object' && operand.kind === 'axis' && operand.axis === axis;
  if (mask.operator === 'less_equal') return isAxis(left, 'key') && isAxis(right, 'query');
  return mask.operator === 'greater_equal' && isAxis(left, 'query') && isAxis(right, 'key');
}

/** The number of operators of a formula; what is the same for every element counts as well. */
export function countOperations(
  expression: Expression,
  formulas: ReadonlyMap<string, FormulaDeclaration>,
  depth = 0,
): number {
  const below = children(expression).reduce<number>((sum, child) => sum + countOperations(child, formulas, depth), 0);
  if (typeof expression !== 'object') return 0;
  if (expression.kind === 'operator') return below + 1;
  const formula = expression.kind === 'apply' && depth < 64 ? formulas.get(expression.formula) : undefined;
  return below + (formula ? countOperations(formula.expression, formulas, depth + 1) : 0);
}
