import type { Expression } from '../graph/graph.js';
import { add, call, divide, multiply, power, subtract } from './construct.js';
import { type Fraction, toNumber } from './fraction.js';
import type { Ratio } from './normalize.js';
import type { Polynomial, Term } from './polynomial.js';

/** An expression with this canonical form, as one would write it. `atoms`: what the atoms' keys stand for. */
export function toExpression({ numerator, denominator }: Ratio, atoms: ReadonlyMap<string, Expression>): Expression {
  return divide(sum(numerator, atoms), sum(denominator, atoms));
}

/** Terms with names first, then the constant; what is subtracted after what is added. */
function sum(polynomial: Polynomial, atoms: ReadonlyMap<string, Expression>): Expression {
  const terms = [...polynomial.values()];
  const rank = (term: Term): number => (term.coefficient.above < 0n ? 2 : 0) + (term.powers.size === 0 ? 1 : 0);
  terms.sort((a, b) => rank(a) - rank(b));
  return terms.reduce<Expression>((total, term, i) => {
    const negative = term.coefficient.above < 0n;
    const { above, below } = term.coefficient;
    const size = product({ ...term, coefficient: { above: negative ? -above : above, below } }, atoms);
    if (i === 0) return negative ? call('negate', size) : size;
    return negative ? subtract(total, size) : add(total, size);
  }, 0);
}

function product({ coefficient, powers }: Term, atoms: ReadonlyMap<string, Expression>): Expression {
  let result = number({ above: coefficient.above, below: 1n });
  for (const [key, exponent] of powers) result = multiply(result, power(atoms.get(key) ?? 0, exponent));
  return divide(result, number({ above: coefficient.below, below: 1n }));
}

const number = (value: Fraction): Expression => toNumber(value);
