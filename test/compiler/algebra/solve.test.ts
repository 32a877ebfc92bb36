import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Constraint, parameter, print, solve } from '../../../compiler/src/algebra/index.js';
import type { Expression } from '../../../compiler/src/graph/graph.js';
import { add, call, divide, heads, local, multiply, patch, power, size, subtract, width } from './kit.js';

const [h, d, n] = [local('h'), local('d'), local('n')];

const constraint = (left: Expression, right: Expression, origin = ''): Constraint<string> => ({ left, right, origin });

const solved: readonly [string, Expression, Expression, string][] = [
  ['a name', h, width, 'width'],
  ['either side', width, h, 'width'],
  ['a factor', multiply(2, h), width, 'width / 2'],
  ['a symbolic factor', multiply(heads, h), width, 'width / heads'],
  ['a sum', add(h, 1), divide(size, patch), 'size / patch - 1'],
  ['a difference', subtract(width, h), heads, 'width - heads'],
  ['a quotient', divide(h, 2), width, 'width * 2'],
  ['a divisor', divide(width, h), heads, 'width / heads'],
  ['nested', subtract(multiply(2, add(h, 1)), 3), width, '(width + 3) / 2 - 1'],
  ['twice on one side', add(multiply(2, h), h), width, 'width / 3'],
  ['on both sides', multiply(3, h), add(h, width), 'width / 2'],
];

test.each(solved)('%s', (_, left, right, expected) => {
  const { bindings, unbound, contradictions } = solve([constraint(left, right)], ['h']);
  expect(print(bindings.get('h')?.value ?? 0)).toBe(expected);
  expect([unbound, contradictions]).toStrictEqual([[], []]);
});

test('what nothing determines', () => {
  expect(solve([constraint(power(h, 2), width)], ['h', 'd']).unbound).toStrictEqual(['h', 'd']);
  expect(solve([constraint(call('floor', h), width)], ['h']).unbound).toStrictEqual(['h']);
  expect(solve([constraint(add(h, d), width)], ['h', 'd'])).toMatchObject({ unbound: ['h', 'd'], contradictions: [] });
});

test('a chain of names, in any order', () => {
  const chain = [constraint(add(h, d), n), constraint(h, heads), constraint(n, width)];
  fc.assert(
    fc.property(fc.shuffledSubarray(chain, { minLength: 3 }), (constraints) => {
      const { bindings, unbound } = solve(constraints, ['h', 'd', 'n']);
      expect(print(bindings.get('d')?.value ?? 0)).toBe('width - heads');
      expect(unbound).toStrictEqual([]);
    }),
    { seed: 5, numRuns: 30 },
  );
});

test('a name with two values: both places', () => {
  const { bindings, contradictions } = solve([constraint(n, 768, 'first'), constraint(n, 512, 'second')], ['n']);
  expect(bindings.get('n')).toStrictEqual({ value: 768, origin: 'first' });
  expect(contradictions).toStrictEqual([
    {
      left: 768,
      right: 512,
      constraint: constraint(n, 512, 'second'),
      against: [{ name: 'n', value: 768, origin: 'first' }],
      never: true,
    },
  ]);
});

test('a remaining constraint is checked', () => {
  const holds = [constraint(h, divide(width, heads)), constraint(multiply(heads, h), width)];
  expect(solve(holds, ['h']).contradictions).toStrictEqual([]);
  const fails = solve([constraint(multiply(4, width), multiply(3, width))], []);
  expect(fails.contradictions).toMatchObject([{ never: false, against: [] }]);
});

test('solutions fulfil their constraints whatever the order', () => {
  const unknowns = ['a', 'b', 'c'];
  const sizes: readonly Expression[] = [width, heads, multiply(4, width), add(heads, 1)];
  const one = fc.tuple(fc.constantFrom(...unknowns), fc.constantFrom(...sizes), fc.integer({ min: 1, max: 4 }));
  fc.assert(
    fc.property(fc.array(one, { maxLength: 5 }), fc.integer(), (parts, turn) => {
      const constraints = parts.map(([name, value, factor]) => constraint(multiply(factor, local(name)), value));
      const middle = constraints.length === 0 ? 0 : Math.abs(turn) % constraints.length;
      const turned = [...constraints.slice(middle), ...constraints.slice(0, middle)];
      const [first, second] = [solve(constraints, unknowns), solve(turned, unknowns)];
      expect(second.unbound).toStrictEqual(first.unbound);
      expect(second.contradictions.length === 0).toBe(first.contradictions.length === 0);
    }),
    { seed: 6, numRuns: 300 },
  );
  expect(parameter('width')).toStrictEqual(width);
});
