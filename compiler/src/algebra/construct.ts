import type { Expression, Operator } from '../graph/graph.js';
import { applyOperator, type Value } from './operators.js';

export type Comparison = 'equal' | 'not_equal' | 'less' | 'less_equal' | 'greater' | 'greater_equal';

export const parameter = (name: string): Expression => ({ kind: 'parameter', name });
export const dimension = (name: string): Expression => ({ kind: 'dimension', name });
export const local = (name: string): Expression => ({ kind: 'local', name });
export const list = (items: readonly Expression[]): Expression => ({ kind: 'list', items });
export const none: Expression = { kind: 'constant', name: 'none' };
export const infinity: Expression = { kind: 'constant', name: 'infinity' };
export const pi: Expression = { kind: 'constant', name: 'pi' };

/** The same tree, node for node (`width * 4` and `4 * width` differ: for those see `equal`). */
export function same(a: Expression, b: Expression): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a.kind !== b.kind) return false;
  if (a.kind === 'operator' && b.kind === 'operator')
    return a.operator === b.operator && allSame(a.operands, b.operands);
  if (a.kind === 'list' && b.kind === 'list') return allSame(a.items, b.items);
  if (a.kind === 'apply' && b.kind === 'apply') return a.formula === b.formula && allSame(a.arguments, b.arguments);
  if (a.kind === 'lookup' && b.kind === 'lookup') {
    return a.value === b.value && a.batched === b.batched && allSame(a.indices, b.indices);
  }
  return leafKey(a) === leafKey(b);
}

/** A string for a leaf without expressions below it; different leaves have different strings. */
export function leafKey(leaf: Expression): string {
  if (typeof leaf !== 'object') return String(leaf);
  switch (leaf.kind) {
    case 'string':
      return JSON.stringify(leaf.value);
    case 'axis':
      return `axis:${leaf.axis}`;
    case 'vector':
      return `vector:${leaf.of}`;
    case 'element':
      return `element:${leaf.index}`;
    case 'constant':
    case 'parameter':
    case 'dimension':
    case 'local':
      return `${leaf.kind}:${leaf.name}`;
    default:
      return leaf.kind;
  }
}

function allSame(a: readonly Expression[], b: readonly Expression[]): boolean {
  return a.length === b.length && a.every((item, i) => same(item, b[i]!));
}

export function add(a: Expression, b: Expression): Expression {
  if (a === 0) return b;
  if (b === 0) return a;
  return fold('add', [a, b]);
}

export function subtract(a: Expression, b: Expression): Expression {
  if (b === 0) return a;
  if (same(a, b)) return 0;
  return fold('subtract', [a, b]);
}

export function multiply(a: Expression, b: Expression): Expression {
  if (a === 0 || b === 0) return 0;
  if (a === 1) return b;
  if (b === 1) return a;
  return fold('multiply', [a, b]);
}

export function divide(a: Expression, b: Expression): Expression {
  if (b === 1) return a;
  if (b !== 0 && same(a, b)) return 1;
  if (isOperator(a, 'multiply') && a.operands.length === 2 && b !== 0) {
    if (same(a.operands[0]!, b)) return a.operands[1]!;
    if (same(a.operands[1]!, b)) return a.operands[0]!;
  }
  return fold('divide', [a, b]);
}

export const modulo = (a: Expression, b: Expression): Expression => fold('modulo', [a, b]);

export function power(a: Expression, b: Expression): Expression {
  if (b === 1) return a;
  if (b === 0) return 1;
  return fold('power', [a, b]);
}

export function negate(a: Expression): Expression {
  return isOperator(a, 'negate') ? a.operands[0]! : fold('negate', [a]);
}

export function compare(operator: Comparison, a: Expression, b: Expression): Expression {
  if (same(a, b)) return operator === 'equal' || operator === 'less_equal' || operator === 'greater_equal';
  return fold(operator, [a, b]);
}

export function and(a: Expression, b: Expression): Expression {
  if (a === false || b === false) return false;
  if (a === true || same(a, b)) return b;
  if (b === true) return a;
  return { kind: 'operator', operator: 'and', operands: [a, b] };
}

export function or(a: Expression, b: Expression): Expression {
  if (a === true || b === true) return true;
  if (a === false || same(a, b)) return b;
  if (b === false) return a;
  return { kind: 'operator', operator: 'or', operands: [a, b] };
}

export function not(a: Expression): Expression {
  if (typeof a === 'boolean') return !a;
  return isOperator(a, 'not') ? a.operands[0]! : { kind: 'operator', operator: 'not', operands: [a] };
}

/** `if condition then a else b`. */
export function choose(condition: Expression, a: Expression, b: Expression): Expression {
  if (condition === true || same(a, b)) return a;
  if (condition === false) return b;
  return { kind: 'operator', operator: 'if', operands: [condition, a, b] };
}

export function index(items: Expression, at: Expression): Expression {
  if (typeof items === 'object' && items.kind === 'list' && typeof at === 'number') {
    const item = items.items[at];
    if (item !== undefined) return item;
  }
  return { kind: 'operator', operator: 'index', operands: [items, at] };
}

/** Any operator on its operands, simplified as the constructor of its name does. */
export function call(operator: Operator, ...operands: Expression[]): Expression {
  const [a, b, c] = operands;
  if (operands.length === 2 && a !== undefined && b !== undefined) return binary(operator, a, b);
  if (operands.length === 1 && a !== undefined) {
    if (operator === 'negate') return negate(a);
    if (operator === 'not') return not(a);
    if (operator === 'length' && typeof a === 'object' && a.kind === 'list') return a.items.length;
  }
  if (operator === 'if' && a !== undefined && b !== undefined && c !== undefined) return choose(a, b, c);
  return fold(operator, operands);
}

function binary(operator: Operator, a: Expression, b: Expression): Expression {
  switch (operator) {
    case 'add':
      return add(a, b);
    case 'subtract':
      return subtract(a, b);
    case 'multiply':
      return multiply(a, b);
    case 'divide':
      return divide(a, b);
    case 'power':
      return power(a, b);
    case 'and':
      return and(a, b);
    case 'or':
      return or(a, b);
    case 'index':
      return index(a, b);
    case 'minimum':
    case 'maximum':
      return same(a, b) ? a : fold(operator, [a, b]);
    case 'equal':
    case 'not_equal':
    case 'less':
    case 'less_equal':
    case 'greater':
    case 'greater_equal':
      return compare(operator, a, b);
    default:
      return fold(operator, [a, b]);
  }
}

/** The expression with other expressions below it. */
export function rebuild(expression: Expression, below: readonly Expression[]): Expression {
  if (typeof expression !== 'object') return expression;
  switch (expression.kind) {
    case 'operator':
      return call(expression.operator, ...below);
    case 'list':
      return list(below);
    case 'apply':
      return { ...expression, arguments: below };
    case 'lookup':
      return { ...expression, indices: below };
    default:
      return expression;
  }
}

export function isOperator<O extends Operator>(
  expression: Expression,
  operator: O,
): expression is Extract<Expression, { readonly kind: 'operator' }> & { readonly operator: O } {
  return typeof expression === 'object' && expression.kind === 'operator' && expression.operator === operator;
}

/** A literal where all operands are and the value is a truth or a whole number; `1 / 3` stays as it was written. */
function fold(operator: Operator, operands: readonly Expression[]): Expression {
  const values = operands.map((operand) => literalValue(operand, 2));
  if (values.every((value) => value !== undefined)) {
    const value = applyOperator(operator, values);
    if (typeof value === 'boolean' || Number.isSafeInteger(value)) return value as number | boolean;
  }
  return { kind: 'operator', operator, operands };
}

/** The value of a literal or of a small tree of literals, such as the `7 / 2` of `floor(7 / 2)`. */
function literalValue(expression: Expression, depth: number): Value | undefined {
  if (typeof expression !== 'object') return expression;
  if (expression.kind === 'string') return expression.value;
  if (expression.kind === 'constant')
    return { pi: Math.PI, infinity: Number.POSITIVE_INFINITY, none: null }[expression.name];
  if (expression.kind !== 'operator' || depth === 0) return undefined;
  return applyOperator(
    expression.operator,
    expression.operands.map((operand) => literalValue(operand, depth - 1)),
  );
}
