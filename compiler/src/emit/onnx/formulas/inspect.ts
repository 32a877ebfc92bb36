import { rebuild, same } from '../../../algebra/construct.js';
import { evaluate } from '../../../algebra/evaluate.js';
import { children, walk } from '../../../algebra/walk.js';
import type { Expression } from '../../../graph/graph.js';
import type { FormulaContext, Scalar } from './context.js';
import { tabulate } from './table.js';

function some(expression: Expression, test: (part: Expression) => boolean): boolean {
  for (const part of walk(expression)) if (test(part)) return true;
  return false;
}

const kindIn =
  (...kinds: readonly string[]) =>
  (part: Expression): boolean =>
    typeof part === 'object' && kinds.includes(part.kind);

export const readsScore = (expression: Expression): boolean => some(expression, kindIn('score'));

export const readsVectors = (expression: Expression): boolean => some(expression, kindIn('vector'));

/** The same in all attentions over the same rows that look up the same values. */
export const isShared = (expression: Expression): boolean => !some(expression, kindIn('vector', 'score', 'element'));

/** The number or truth that the expression always is. */
export function scalarOf(expression: Expression): Scalar | undefined {
  if (typeof expression !== 'object') return expression;
  if (some(expression, kindIn('axis', 'dimension', 'lookup', 'vector', 'score', 'element'))) return undefined;
  const value = evaluate(expression);
  return typeof value === 'number' || typeof value === 'boolean' ? value : undefined;
}

/** The expression with another in the place of a leaf. */
export function replaced(expression: Expression, leaf: Expression, by: Expression): Expression {
  if (same(expression, leaf)) return by;
  const below = children(expression);
  return below.length === 0
    ? expression
    : rebuild(
        expression,
        below.map((child) => replaced(child, leaf, by)),
      );
}

/** A text that is equal for equal formulas: looked-up values by the names that they have in the file. */
export function keyOf(expression: Expression, context: FormulaContext): string {
  return JSON.stringify(expression, (_, part: Expression) =>
    typeof part === 'object' && part.kind === 'lookup' ? { ...part, value: context.value(part.value).name } : part,
  );
}

/**
 * What a formula gives for finite inputs: finite numbers; −∞ too, which hides a key like a mask (a table of 0 and −∞); or
 * anything, such as log(q − k) where the mask hides the key.
 */
export type Bounds = 'finite' | 'minus infinity' | 'anything';

const unbounded = new Set(['divide', 'modulo', 'power', 'exp', 'log', 'log2', 'sqrt']);

export function boundsOf(expression: Expression, context: FormulaContext): Bounds {
  const scalar = scalarOf(expression);
  if (scalar !== undefined) return boundsOfNumbers([Number(scalar)]);
  const table = tabulate(expression, context);
  if (table) return boundsOfNumbers(table.values.map(Number));
  if (typeof expression !== 'object') return 'anything';
  if (expression.kind === 'lookup')
    return context.value(expression.value).type === 'float' ? 'minus infinity' : 'finite';
  if (expression.kind === 'operator' && unbounded.has(expression.operator) && !dividesByConstant(expression))
    return 'anything';
  return widest(children(expression).map((part) => boundsOf(part, context)));
}

export function widest(all: readonly Bounds[]): Bounds {
  if (all.includes('anything')) return 'anything';
  return all.includes('minus infinity') ? 'minus infinity' : 'finite';
}

function dividesByConstant({ operator, operands }: Extract<Expression, { readonly kind: 'operator' }>): boolean {
  const divisor = scalarOf(operands[1] ?? 0);
  return (operator === 'divide' || operator === 'modulo') && divisor !== undefined && Number(divisor) !== 0;
}

function boundsOfNumbers(values: readonly number[]): Bounds {
  if (values.every(Number.isFinite)) return 'finite';
  return values.every((value) => value < Number.POSITIVE_INFINITY) ? 'minus infinity' : 'anything';
}
