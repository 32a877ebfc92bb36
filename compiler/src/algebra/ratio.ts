import { type Fraction, minus, one, over } from './fraction.js';
import {
  addPolynomials,
  commonPowers,
  constantOf,
  constantPolynomial,
  content,
  divideExactly,
  dividePowers,
  leadingTerm,
  multiplyPolynomials,
  type Polynomial,
  polynomialKey,
  scalePolynomial,
} from './polynomial.js';

/**
 * The canonical form of an expression: numerator / denominator, polynomials with rational coefficients over atoms.
 * Atoms are names and whatever is not arithmetic (`floor(…)`, `if`, `2 ** s`), by keys that are the same for equal
 * ones. Nothing common is left in both parts as far as it is cheap to find: equality multiplies crosswise.
 */
export interface Ratio {
  readonly numerator: Polynomial;
  readonly denominator: Polynomial;
}

/** Literal exponents beyond this are not expanded. */
const mostExponent = 32;

export const unit = constantPolynomial(one);

export function wholePower(base: Ratio, exponent: number): Ratio | undefined {
  if (Math.abs(exponent) > mostExponent) return undefined;
  if (exponent < 0) return base.numerator.size === 0 ? undefined : wholePower(inverse(base), -exponent);
  let result: Ratio = { numerator: unit, denominator: unit };
  for (let i = 0; i < exponent; i++) result = multiplyRatios(result, base);
  return result;
}

export function addRatios(a: Ratio, b: Ratio): Ratio {
  if (a.denominator === b.denominator || polynomialKey(a.denominator) === polynomialKey(b.denominator)) {
    return reduce({ numerator: addPolynomials(a.numerator, b.numerator), denominator: a.denominator });
  }
  return reduce({
    numerator: addPolynomials(
      multiplyPolynomials(a.numerator, b.denominator),
      multiplyPolynomials(b.numerator, a.denominator),
    ),
    denominator: multiplyPolynomials(a.denominator, b.denominator),
  });
}

export function multiplyRatios(a: Ratio, b: Ratio): Ratio {
  return reduce({
    numerator: multiplyPolynomials(a.numerator, b.numerator),
    denominator: multiplyPolynomials(a.denominator, b.denominator),
  });
}

export const inverse = (a: Ratio): Ratio => reduce({ numerator: a.denominator, denominator: a.numerator });

export const negateRatio = (a: Ratio): Ratio => ({
  numerator: scalePolynomial(a.numerator, minus(one)),
  denominator: a.denominator,
});

/** Takes out common atoms and factors; the denominator's coefficients become whole, the leading one positive. */
function reduce(ratio: Ratio): Ratio {
  const { numerator, denominator } = ratio;
  if (numerator.size === 0) return { numerator, denominator: unit };
  if (denominator === unit) return ratio;
  const shared = commonPowers(numerator, denominator);
  let above = dividePowers(numerator, shared);
  let below = dividePowers(denominator, shared);
  const quotient = divideExactly(above, below);
  if (quotient) return { numerator: quotient, denominator: unit };
  const rest = divideExactly(below, above);
  if (rest) [above, below] = [unit, rest];
  const scale = over(signOf(below), content(below));
  return { numerator: scalePolynomial(above, scale), denominator: scalePolynomial(below, scale) };
}

const signOf = (a: Polynomial): Fraction => (leadingTerm(a)!.coefficient.above < 0n ? minus(one) : one);

export const ratioKey = ({ numerator, denominator }: Ratio): string =>
  denominator.size === 1 && constantOf(denominator)?.above === 1n
    ? polynomialKey(numerator)
    : `(${polynomialKey(numerator)})/(${polynomialKey(denominator)})`;
