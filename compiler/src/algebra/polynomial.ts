import { type Fraction, fraction, greatestDivisor, one, over, plus, printFraction, times } from './fraction.js';

/**
 * A product of atoms with positive exponents, and its coefficient. Atoms are named by their keys: what an atom stands
 * for is the business of `normalize.ts`.
 */
export interface Term {
  readonly coefficient: Fraction;
  /** Atom key → exponent, keys in ascending order. */
  readonly powers: ReadonlyMap<string, number>;
}

/** Terms by the key of their powers; no coefficient is 0. The empty map is the polynomial 0. */
export type Polynomial = ReadonlyMap<string, Term>;

const noPowers: ReadonlyMap<string, number> = new Map();

/** A product of more terms than this is not expanded. */
const mostTerms = 256;

export class TooLarge extends Error {}

const keyOf = (powers: ReadonlyMap<string, number>): string =>
  [...powers].map(([atom, exponent]) => (exponent === 1 ? atom : `${atom}^${exponent}`)).join('*');

function fromTerms(terms: Iterable<Term>): Polynomial {
  const result = new Map<string, Term>();
  for (const term of terms) {
    const key = keyOf(term.powers);
    const present = result.get(key);
    const coefficient = present ? plus(present.coefficient, term.coefficient) : term.coefficient;
    if (coefficient.above === 0n) result.delete(key);
    else result.set(key, { coefficient, powers: term.powers });
  }
  return result;
}

export function constantPolynomial(value: Fraction): Polynomial {
  return fromTerms([{ coefficient: value, powers: noPowers }]);
}

export function atomPolynomial(atom: string): Polynomial {
  return fromTerms([{ coefficient: one, powers: new Map([[atom, 1]]) }]);
}

export function addPolynomials(a: Polynomial, b: Polynomial): Polynomial {
  return fromTerms([...a.values(), ...b.values()]);
}

export function scalePolynomial(a: Polynomial, factor: Fraction): Polynomial {
  return fromTerms([...a.values()].map((term) => ({ ...term, coefficient: times(term.coefficient, factor) })));
}

/** Throws `TooLarge` rather than expand a product that nobody can read. */
export function multiplyPolynomials(a: Polynomial, b: Polynomial, most = mostTerms): Polynomial {
  if (a.size * b.size > most) throw new TooLarge();
  const terms: Term[] = [];
  for (const x of a.values()) {
    for (const y of b.values()) {
      terms.push({ coefficient: times(x.coefficient, y.coefficient), powers: joinPowers(x.powers, y.powers, 1) });
    }
  }
  return fromTerms(terms);
}

/** x · y^sign, atoms of exponent 0 left out. */
function joinPowers(
  x: ReadonlyMap<string, number>,
  y: ReadonlyMap<string, number>,
  sign: 1 | -1,
): ReadonlyMap<string, number> {
  if (y.size === 0) return x;
  const joined = new Map(x);
  for (const [atom, exponent] of y) joined.set(atom, (joined.get(atom) ?? 0) + sign * exponent);
  return new Map([...joined].filter(([, exponent]) => exponent !== 0).sort(([p], [q]) => (p < q ? -1 : 1)));
}

/** The value of a polynomial without atoms. */
export function constantOf(a: Polynomial): Fraction | undefined {
  if (a.size === 0) return { above: 0n, below: 1n };
  return a.size === 1 ? a.get('')?.coefficient : undefined;
}

/** The polynomial as a string, the same for equal polynomials. */
export function polynomialKey(a: Polynomial): string {
  if (a.size === 0) return '0';
  return [...a.keys()]
    .sort()
    .map((key) => `${printFraction(a.get(key)!.coefficient)}${key && `*${key}`}`)
    .join('+');
}

/** The term that comes first in the order of the polynomial's key; exact division and signs go by it. */
export function leadingTerm(a: Polynomial): Term | undefined {
  let leading: Term | undefined;
  for (const term of a.values()) if (!leading || compareTerms(term, leading) < 0) leading = term;
  return leading;
}

/** Degree first, then the atoms' exponents: an order that products respect (graded lexicographic). */
function compareTerms(a: Term, b: Term): number {
  const byDegree = degree(b) - degree(a);
  if (byDegree !== 0) return byDegree;
  for (const atom of [...new Set([...a.powers.keys(), ...b.powers.keys()])].sort()) {
    const difference = (b.powers.get(atom) ?? 0) - (a.powers.get(atom) ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

const degree = (term: Term): number => [...term.powers.values()].reduce((sum, exponent) => sum + exponent, 0);

/** a / b where b divides a without rest. */
export function divideExactly(a: Polynomial, b: Polynomial): Polynomial | undefined {
  const divisor = leadingTerm(b);
  if (!divisor || a.size * b.size > mostTerms) return undefined;
  const quotient: Term[] = [];
  let rest = a;
  for (let leading = leadingTerm(rest); leading; leading = leadingTerm(rest)) {
    const powers = joinPowers(leading.powers, divisor.powers, -1);
    if ([...powers.values()].some((exponent) => exponent < 0) || quotient.length >= mostTerms) return undefined;
    const term: Term = { coefficient: over(leading.coefficient, divisor.coefficient), powers };
    quotient.push(term);
    const negative = fromTerms([{ ...term, coefficient: times(term.coefficient, { above: -1n, below: 1n }) }]);
    rest = addPolynomials(rest, multiplyPolynomials(negative, b));
  }
  return fromTerms(quotient);
}

/** The greatest product of atoms that divides every term of the polynomials. */
export function commonPowers(...polynomials: readonly Polynomial[]): ReadonlyMap<string, number> {
  let common: Map<string, number> | undefined;
  for (const { powers } of polynomials.flatMap((polynomial) => [...polynomial.values()])) {
    common ??= new Map(powers);
    for (const [atom, exponent] of common) {
      const least = Math.min(exponent, powers.get(atom) ?? 0);
      if (least === 0) common.delete(atom);
      else common.set(atom, least);
    }
  }
  return common ?? noPowers;
}

export function dividePowers(a: Polynomial, powers: ReadonlyMap<string, number>): Polynomial {
  if (powers.size === 0) return a;
  return fromTerms([...a.values()].map((term) => ({ ...term, powers: joinPowers(term.powers, powers, -1) })));
}

/** The greatest positive fraction of which every coefficient is a whole multiple. */
export function content(a: Polynomial): Fraction {
  let [above, below] = [0n, 1n];
  for (const { coefficient } of a.values()) {
    above = greatestDivisor(above, coefficient.above);
    below = (below * coefficient.below) / greatestDivisor(below, coefficient.below);
  }
  return above === 0n ? one : fraction(above, below);
}
