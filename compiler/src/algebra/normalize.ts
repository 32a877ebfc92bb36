import type { Expression, Operator } from '../graph/graph.js';
import { call, leafKey } from './construct.js';
import { fromNumber, over, toNumber } from './fraction.js';
import { shorten } from './hash.js';
import {
  atomPolynomial,
  constantOf,
  constantPolynomial,
  multiplyPolynomials,
  polynomialKey,
  TooLarge,
} from './polynomial.js';
import { addRatios, inverse, multiplyRatios, negateRatio, type Ratio, ratioKey, unit, wholePower } from './ratio.js';
import { children } from './walk.js';

export type { Ratio };

/** A canonical form, and what its atoms stand for. */
export interface Canonical extends Ratio {
  /** By key; also the atoms below atoms. */
  readonly atoms: ReadonlyMap<string, Expression>;
}

const memory = new WeakMap<object, Canonical>();
const keys = new WeakMap<object, string>();

/** The canonical form. An expression too large to expand becomes one opaque atom, compared as it is written. */
export function normalize(expression: Expression): Canonical {
  if (typeof expression !== 'object') return compute(expression);
  const known = memory.get(expression);
  if (known) return known;
  const canonical = compute(expression);
  memory.set(expression, canonical);
  return canonical;
}

function compute(expression: Expression): Canonical {
  const atoms = new Map<string, Expression>();
  for (const child of children(expression))
    for (const [key, meaning] of normalize(child).atoms) atoms.set(key, meaning);
  const { numerator, denominator } = guarded(expression, atoms);
  return { numerator, denominator, atoms };
}

function guarded(expression: Expression, found: Map<string, Expression>): Ratio {
  try {
    return arithmetic(expression, found);
  } catch (error) {
    if (!(error instanceof TooLarge)) throw error;
    return atom(`large:${structuralKey(expression)}`, expression, found);
  }
}

function atom(key: string, meaning: Expression, found: Map<string, Expression>): Ratio {
  const short = shorten(key);
  found.set(short, meaning);
  return { numerator: atomPolynomial(short), denominator: unit };
}

function arithmetic(expression: Expression, found: Map<string, Expression>): Ratio {
  if (typeof expression === 'number') {
    const value = fromNumber(expression);
    if (value) return { numerator: constantPolynomial(value), denominator: unit };
  }
  if (typeof expression !== 'object' || expression.kind !== 'operator') {
    return atom(opaqueKey(expression), expression, found);
  }
  const operands = expression.operands;
  const [a, b] = operands;
  switch (expression.operator) {
    case 'add':
      return operands.map((operand): Ratio => normalize(operand)).reduce(addRatios);
    case 'multiply':
      return operands.map((operand): Ratio => normalize(operand)).reduce(multiplyRatios);
    case 'negate':
      return negateRatio(normalize(a!));
    case 'subtract':
      return addRatios(normalize(a!), negateRatio(normalize(b!)));
    case 'divide': {
      const divisor = normalize(b!);
      if (divisor.numerator.size === 0) return atom(opaqueKey(expression), expression, found);
      return multiplyRatios(normalize(a!), inverse(divisor));
    }
    case 'power':
      return powerRatio(expression, a!, b!, found);
    case 'sqrt':
      return powerRatio(expression, a!, 0.5, found);
    default: {
      const simple = call(expression.operator, ...operands.map(literalOf));
      return isSame(simple, expression.operator) ? atom(opaqueKey(expression), expression, found) : normalize(simple);
    }
  }
}

const isSame = (expression: Expression, operator: Operator): boolean =>
  typeof expression === 'object' && expression.kind === 'operator' && expression.operator === operator;

/** The number or truth that the expression always is, else the expression. */
function literalOf(expression: Expression): Expression {
  const { numerator, denominator } = normalize(expression);
  const [above, below] = [constantOf(numerator), constantOf(denominator)];
  if (above && below) return toNumber(over(above, below));
  const key = ratioKey({ numerator, denominator });
  return key === '1*true' ? true : key === '1*false' ? false : expression;
}

/**
 * b^(n + r) = b^n · b^r for whole n, so that `2 ** (s + 1)` is twice `2 ** s`; a constant fraction p/q is the p-th power of
 * the q-th root.
 */
function powerRatio(
  expression: Expression,
  base: Expression,
  exponent: Expression,
  found: Map<string, Expression>,
): Ratio {
  const ratio = normalize(base);
  const power = normalize(exponent);
  const constant = constantOf(power.numerator);
  if (constant && constantOf(power.denominator)) {
    const value = over(constant, constantOf(power.denominator)!);
    if (value.below === 1n)
      return wholePower(ratio, Number(value.above)) ?? atom(opaqueKey(expression), expression, found);
    const root = call('power', base, toNumber({ above: 1n, below: value.below }));
    return (
      wholePower(atom(`power(${canonicalKey(base)},1/${value.below})`, root, found), Number(value.above)) ??
      atom(opaqueKey(expression), expression, found)
    );
  }
  const whole = constantOf(power.denominator) ? wholePart(power) : 0;
  const rest = addRatios(power, { numerator: constantPolynomial(fromNumber(-whole)!), denominator: unit });
  const key = `power(${canonicalKey(base)},${ratioKey(rest)})`;
  const remaining = atom(key, call('power', base, whole === 0 ? exponent : call('subtract', exponent, whole)), found);
  const factor = wholePower(ratio, whole);
  return factor ? multiplyRatios(factor, remaining) : atom(opaqueKey(expression), expression, found);
}

/** The constant term of an exponent, if it is whole. */
function wholePart(power: Ratio): number {
  const constant = power.numerator.get('')?.coefficient;
  if (!constant) return 0;
  const value = over(constant, constantOf(power.denominator)!);
  return value.below === 1n ? Number(value.above) : 0;
}

/** A string that is the same for expressions with the same canonical form. */
export function canonicalKey(expression: Expression): string {
  return ratioKey(normalize(expression));
}

const commutative: ReadonlySet<Operator> = new Set(['minimum', 'maximum', 'dot']);

/** The key of what is not arithmetic: the operator and the canonical forms below it. */
function opaqueKey(expression: Expression): string {
  if (typeof expression !== 'object') return leafKey(expression);
  switch (expression.kind) {
    case 'operator':
      return logicKey(expression.operator, expression.operands);
    case 'list':
      return `[${expression.items.map(canonicalKey).join(',')}]`;
    case 'apply':
      return `${expression.formula}(${expression.arguments.map(canonicalKey).join(',')})`;
    case 'lookup':
      return `${expression.value}${expression.batched ? '@' : ''}[${expression.indices.map(canonicalKey).join(',')}]`;
    default:
      return leafKey(expression);
  }
}

function logicKey(operator: Operator, operands: readonly Expression[]): string {
  const [a, b] = operands;
  switch (operator) {
    case 'equal':
    case 'not_equal':
    case 'less':
    case 'less_equal':
    case 'greater':
    case 'greater_equal':
      return comparisonKey(operator, a!, b!);
    case 'and':
    case 'or':
      return `${operator}(${[...new Set(flatten(operator, operands).map(canonicalKey))].sort().join(',')})`;
    case 'abs': {
      const forms = [canonicalKey(a!), canonicalKey(call('negate', a!))].sort();
      return `abs(${forms[0]})`;
    }
    default: {
      const below = operands.map(canonicalKey);
      return `${operator}(${(commutative.has(operator) ? below.sort() : below).join(',')})`;
    }
  }
}

function flatten(operator: Operator, operands: readonly Expression[]): Expression[] {
  return operands.flatMap((operand) =>
    typeof operand === 'object' && operand.kind === 'operator' && operand.operator === operator
      ? flatten(operator, operand.operands)
      : [operand],
  );
}

/** `a < b` and `b > a` are both 0 < b − a; `a == b` and `b == a` are one. */
function comparisonKey(operator: Operator, a: Expression, b: Expression): string {
  const [left, right] = operator === 'greater' || operator === 'greater_equal' ? [b, a] : [a, b];
  const difference = canonicalKey(call('subtract', right, left));
  switch (operator) {
    case 'less':
    case 'greater':
      return `positive(${difference})`;
    case 'less_equal':
    case 'greater_equal':
      return `atleast0(${difference})`;
    default:
      return `${operator}(${[difference, canonicalKey(call('subtract', left, right))].sort()[0]})`;
  }
}

/**
 * Equal for all values of their names, as far as arithmetic shows: `heads * (width / heads)` is `width`. Sound but
 * not complete: identities of functions (`floor(n) = n`) are not known.
 */
export function equal(a: Expression, b: Expression): boolean {
  if (a === b) return true;
  const [left, right] = [normalize(a), normalize(b)];
  if (ratioKey(left) === ratioKey(right)) return true;
  const crossed = multiplyPolynomials(left.numerator, right.denominator, Number.POSITIVE_INFINITY);
  const other = multiplyPolynomials(right.numerator, left.denominator, Number.POSITIVE_INFINITY);
  return polynomialKey(crossed) === polynomialKey(other);
}

/** a − b where it is the same number for all values of the names. */
export function constantDifference(a: Expression, b: Expression): number | undefined {
  const { numerator, denominator } = normalize(call('subtract', a, b));
  const above = constantOf(numerator);
  const below = constantOf(denominator);
  return above && below ? toNumber(over(above, below)) : undefined;
}

/** The tree as it is written. */
function structuralKey(expression: Expression): string {
  if (typeof expression !== 'object') return leafKey(expression);
  const known = keys.get(expression);
  if (known !== undefined) return known;
  const head =
    expression.kind === 'operator'
      ? expression.operator
      : expression.kind === 'apply'
        ? expression.formula
        : expression.kind === 'lookup'
          ? `${expression.value}[]`
          : leafKey(expression);
  const below = children(expression);
  const key = shorten(below.length === 0 ? head : `${head}(${below.map(structuralKey).join(',')})`);
  keys.set(expression, key);
  return key;
}
