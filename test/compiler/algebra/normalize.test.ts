import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  canonicalKey,
  constantDifference,
  environmentOf,
  equal,
  evaluate,
  normalize,
  toExpression,
} from '../../../compiler/src/algebra/index.js';
import type { Expression } from '../../../compiler/src/graph/graph.js';
import { arithmetic, point } from './arbitrary.js';
import {
  add,
  call,
  choose,
  compare,
  divide,
  heads,
  i,
  modulo,
  multiply,
  negate,
  patch,
  power,
  size,
  subtract,
  T,
  width,
} from './kit.js';

const equalPairs: readonly [string, Expression, Expression][] = [
  ['order of factors', multiply(4, width), multiply(width, 4)],
  ['heads * (width / heads) = width', multiply(heads, divide(width, heads)), width],
  ['a square', power(divide(size, patch), 2), divide(multiply(size, size), power(patch, 2))],
  ['a square and one', add(power(divide(size, patch), 2), 1), add(1, divide(power(size, 2), multiply(patch, patch)))],
  ['difference of squares', divide(subtract(power(width, 2), 1), subtract(width, 1)), add(width, 1)],
  ['inside floor', call('floor', divide(multiply(2, width), multiply(2, heads))), call('floor', divide(width, heads))],
  [
    'equal ifs',
    choose(compare('less', width, heads), add(width, width), 1),
    choose(compare('greater', heads, width), multiply(2, width), 1),
  ],
  ['powers of two', power(2, add(i, 1)), multiply(2, power(2, i))],
  ['roots', power(heads, -0.5), divide(1, call('sqrt', heads))],
  ['max in any order', call('maximum', width, heads), call('maximum', heads, width)],
  ['abs of a difference', call('abs', subtract(width, heads)), call('abs', subtract(heads, width))],
  ['decimals are exact', add(multiply(0.1, width), multiply(0.2, width)), multiply(0.3, width)],
  ['modulo of equal things', modulo(add(T, width), 2), modulo(add(width, T), 2)],
];

test.each(equalPairs)('%s', (_, a, b) => {
  expect(equal(a, b)).toBe(true);
});

const differentPairs: readonly [string, Expression, Expression][] = [
  ['a parameter and a dimension of one name', width, { kind: 'dimension', name: 'width' }],
  ['names', width, heads],
  ['factors', multiply(4, width), multiply(3, width)],
  ['floor is not nothing', call('floor', divide(width, heads)), divide(width, heads)],
  ['strict or not', compare('less', width, heads), compare('less_equal', width, heads)],
  ['a division by zero is not a number', divide(width, 0), 0],
];

test.each(differentPairs)('different: %s', (_, a, b) => {
  expect(equal(a, b)).toBe(false);
});

describe('properties', () => {
  test('the canonical form has the same value', () => {
    fc.assert(
      fc.property(arithmetic, point, (expression, at) => {
        const environment = environmentOf(at);
        const expected = evaluate(expression, environment);
        if (typeof expected !== 'number' || !Number.isFinite(expected) || Math.abs(expected) > 1e6) return;
        const { numerator, denominator, atoms } = normalize(expression);
        const found = evaluate(toExpression({ numerator, denominator }, atoms), environment);
        if (typeof found !== 'number' || !Number.isFinite(found)) return; // a removable 0/0
        expect(Math.abs(found - expected)).toBeLessThanOrEqual(1e-6 * Math.max(1, Math.abs(expected)));
      }),
      { seed: 1, numRuns: 1500 },
    );
  });

  test('what is equal has equal values', () => {
    fc.assert(
      fc.property(arithmetic, arithmetic, point, (a, b, at) => {
        if (!equal(a, b)) return;
        const [x, y] = [evaluate(a, environmentOf(at)), evaluate(b, environmentOf(at))];
        if (typeof x !== 'number' || typeof y !== 'number' || !Number.isFinite(x) || !Number.isFinite(y)) return;
        expect(Math.abs(x - y)).toBeLessThanOrEqual(1e-6 * Math.max(1, Math.abs(x)));
      }),
      { seed: 2, numRuns: 3000 },
    );
  });

  test('equal is reflexive, symmetric and transitive, and kept by arithmetic', () => {
    fc.assert(
      fc.property(arithmetic, arithmetic, arithmetic, (a, b, c) => {
        expect(equal(a, structuredClone(a))).toBe(true);
        expect(equal(a, b)).toBe(equal(b, a));
        if (equal(a, b) && equal(b, c)) expect(equal(a, c)).toBe(true);
        expect(equal(add(a, b), add(b, a))).toBe(true);
        expect(equal(multiply(a, add(b, c)), add(multiply(a, b), multiply(a, c)))).toBe(true);
        expect(equal(subtract(a, b), negate(subtract(b, a)))).toBe(true);
      }),
      { seed: 3, numRuns: 600 },
    );
  });
});

test('the same number apart', () => {
  expect(constantDifference(add(width, 3), add(1, width))).toBe(2);
  expect(constantDifference(width, heads)).toBeUndefined();
});

test('a product too large to expand is compared as written, quickly', () => {
  const sum = (from: number): Expression =>
    Array.from({ length: 12 }, (_, n): Expression => ({ kind: 'parameter', name: `p${from + n}` })).reduce(add);
  const large = [0, 12, 24, 36, 48].map(sum).reduce(multiply);
  expect(equal(large, structuredClone(large))).toBe(true);
  expect(equal(large, width)).toBe(false);
});

test('shared parts do not grow the canonical form exponentially', () => {
  let nested: Expression = width;
  for (let n = 0; n < 200; n++) nested = call('floor', divide(multiply(nested, nested), add(nested, 1)));
  expect(canonicalKey(nested).length).toBeLessThan(1000);
});
