import type { Expression, Operator } from '../graph/graph.js';
import { call, choose, infinity, isOperator, same } from './construct.js';
import { evaluate } from './evaluate.js';
import { type Formulas, inlineFormulas } from './formulas.js';
import { over, times } from './fraction.js';
import { constantDifference, equal, normalize, type Ratio } from './normalize.js';
import { constantOf, type Polynomial, scalePolynomial } from './polynomial.js';
import { toExpression } from './rebuild.js';
import { isFormula } from './walk.js';

/** Positions are whole numbers, so `key < query + 1` is `key <= query`. Both questions are answered soundly, not completely. */
type Direction = 'key_minus_query' | 'query_minus_key';

/** What is known of key − query (or query − key) where a condition holds: it is at most this. */
interface Bound {
  readonly limit: Expression;
  /** Less than the limit, not equal to it. */
  readonly strict: boolean;
}

/** `impossible`: the condition never holds, which implies anything. `undefined`: nothing is known. */
type Known = Bound | 'impossible' | undefined;

const noFormulas: Formulas = new Map();

/** The mask allows only keys at or before the query. */
export function impliesCausal(mask: Expression, formulas: Formulas = noFormulas): boolean {
  return provable(inlineFormulas(mask, formulas), true);
}

/** The smallest known n with mask ⇒ query − key < n; `infinity` in the arms of an `if` without a window. */
export function impliesWindow(mask: Expression, formulas: Formulas = noFormulas): Expression | undefined {
  const known = windowOf(inlineFormulas(mask, formulas), true);
  return known === 'impossible' ? 1 : known;
}

/** key − query ≤ 0 wherever `condition` is `truth`. */
function provable(condition: Expression, truth: boolean): boolean {
  return fold(condition, truth, {
    impossible: true,
    unknown: false,
    compare: (operator, a, b) => causalBound(boundOf(operator, a, b, 'key_minus_query')),
    both: (a, b) => a || b,
    either: (a, b) => a && b,
    choose: (_, a, b) => a && b,
  });
}

function causalBound(bound: Known): boolean {
  if (bound === 'impossible') return true;
  if (bound === undefined) return false;
  const limit = constantDifference(bound.limit, 0);
  // a whole number below 1, or at most 0.99, is at most 0
  return limit !== undefined && (bound.strict ? limit <= 1 : limit < 1);
}

function windowOf(condition: Expression, truth: boolean): Expression | 'impossible' | undefined {
  return fold<Expression | 'impossible' | undefined>(condition, truth, {
    impossible: 'impossible',
    unknown: undefined,
    compare: (operator, a, b) => {
      const bound = boundOf(operator, a, b, 'query_minus_key');
      if (bound === undefined || bound === 'impossible') return bound;
      return bound.strict ? bound.limit : call('add', bound.limit, 1);
    },
    both: (a, b) => {
      if (a === 'impossible' || b === 'impossible') return 'impossible';
      if (a === undefined || b === undefined) return a ?? b;
      return extreme('minimum', a, b);
    },
    either: (a, b) => {
      if (a === 'impossible') return b;
      if (b === 'impossible') return a;
      return a === undefined || b === undefined ? undefined : extreme('maximum', a, b);
    },
    choose: (condition, a, b) => {
      if (a === 'impossible' || b === 'impossible') return a === 'impossible' ? b : a;
      return a === undefined && b === undefined ? undefined : choose(condition, a ?? infinity, b ?? infinity);
    },
  });
}

function extreme(operator: 'minimum' | 'maximum', a: Expression, b: Expression): Expression {
  if (equal(a, b)) return a;
  const difference = constantDifference(a, b);
  if (difference !== undefined) return difference < 0 === (operator === 'minimum') ? a : b;
  return call(operator, a, b);
}

interface Rules<T> {
  readonly impossible: T;
  readonly unknown: T;
  readonly compare: (operator: Operator, a: Expression, b: Expression) => T;
  /** Two conditions that hold together. */
  readonly both: (a: T, b: T) => T;
  /** One of two holds, and one cannot know which. */
  readonly either: (a: T, b: T) => T;
  /** One of two holds, by a condition that the configuration decides. */
  readonly choose: (condition: Expression, a: T, b: T) => T;
}

const opposite: Partial<Record<Operator, Operator>> = {
  less: 'greater_equal',
  less_equal: 'greater',
  greater: 'less_equal',
  greater_equal: 'less',
  equal: 'not_equal',
  not_equal: 'equal',
};

/** Walks a condition that is known to be true (or false) down to its comparisons. */
function fold<T>(condition: Expression, truth: boolean, rules: Rules<T>): T {
  if (typeof condition === 'boolean') return condition === truth ? rules.unknown : rules.impossible;
  if (typeof condition !== 'object' || condition.kind !== 'operator') return rules.unknown;
  const { operator, operands } = condition;
  const [a, b, c] = operands;
  if (operator === 'not' && a !== undefined) return fold(a, !truth, rules);
  if (operator === 'and' || operator === 'or') {
    const join = (operator === 'and') === truth ? rules.both : rules.either;
    return operands.map((operand) => fold(operand, truth, rules)).reduce(join);
  }
  if (operator === 'if' && a !== undefined && b !== undefined && c !== undefined) {
    const [then, otherwise] = [fold(b, truth, rules), fold(c, truth, rules)];
    if (!isFormula(a)) return rules.choose(a, then, otherwise);
    return rules.either(rules.both(fold(a, true, rules), then), rules.both(fold(a, false, rules), otherwise));
  }
  if (a === undefined || b === undefined || !opposite[operator]) return rules.unknown;
  return comparison(truth ? operator : opposite[operator], a, b, rules);
}

/** Takes `==`, `abs`, `max` and `min` apart until a linear comparison is left. */
function comparison<T>(operator: Operator, a: Expression, b: Expression, rules: Rules<T>): T {
  switch (operator) {
    case 'equal':
      return rules.both(comparison('less_equal', a, b, rules), comparison('less_equal', b, a, rules));
    case 'greater':
      return comparison('less', b, a, rules);
    case 'greater_equal':
      return comparison('less_equal', b, a, rules);
    case 'less':
    case 'less_equal':
      break;
    default:
      return rules.unknown;
  }
  if (isOperator(a, 'abs')) {
    const inner = a.operands[0]!;
    return rules.both(comparison(operator, inner, b, rules), comparison(operator, call('negate', inner), b, rules));
  }
  if (isOperator(a, 'maximum') || isOperator(b, 'minimum')) return spread(operator, a, b, rules, rules.both);
  if (isOperator(a, 'minimum') || isOperator(b, 'maximum')) return spread(operator, a, b, rules, rules.either);
  return rules.compare(operator, a, b);
}

/** max(x, y) < b is x < b and y < b; min(x, y) < b is one of them. */
function spread<T>(operator: Operator, a: Expression, b: Expression, rules: Rules<T>, join: Rules<T>['both']): T {
  const left = isOperator(a, 'maximum') || isOperator(a, 'minimum') ? a.operands : undefined;
  if (left) return left.map((x) => comparison(operator, x, b, rules)).reduce(join);
  const right = isOperator(b, 'maximum') || isOperator(b, 'minimum') ? b.operands : [b];
  return right.map((y) => comparison(operator, a, y, rules)).reduce(join);
}

/** From `a < b` or `a <= b`: the bound on the direction, where a − b is c · (key − query) + rest with a literal c. */
function boundOf(operator: Operator, a: Expression, b: Expression, direction: Direction): Known {
  if (same(a, b)) return operator === 'less' ? 'impossible' : undefined;
  const form = normalize(call('subtract', a, b));
  const divisor = constantOf(form.denominator);
  if (!divisor || divisor.above === 0n) return undefined;
  const key = form.numerator.get('axis:key')?.coefficient;
  const query = form.numerator.get('axis:query')?.coefficient;
  const rest = withoutAxes(form.numerator, form.atoms);
  if (!rest) return undefined;
  if (!key && !query) return contradiction(operator, a, b);
  if (!key || !query || key.above * query.below !== -query.above * key.below) return undefined;
  const factor = over(direction === 'key_minus_query' ? key : query, divisor);
  if (factor.above < 0n) return undefined;
  // factor · (key − query) + rest / divisor ≤ 0
  const scale = over({ above: -1n, below: 1n }, times(factor, divisor));
  const limit: Ratio = { numerator: scalePolynomial(rest, scale), denominator: normalize(1).numerator };
  return { limit: toExpression(limit, form.atoms), strict: operator === 'less' };
}

/** A comparison of literals that is false. */
function contradiction(operator: Operator, a: Expression, b: Expression): Known {
  return evaluate(call(operator, a, b)) === false ? 'impossible' : undefined;
}

/** The terms without `key` and `query`, if those occur nowhere else. */
function withoutAxes(polynomial: Polynomial, atoms: ReadonlyMap<string, Expression>): Polynomial | undefined {
  const rest = new Map([...polynomial].filter(([key]) => key !== 'axis:key' && key !== 'axis:query'));
  for (const { powers } of rest.values()) {
    for (const atom of powers.keys()) {
      const meaning = atoms.get(atom);
      if (meaning === undefined || isFormula(meaning)) return undefined;
    }
  }
  return rest;
}
