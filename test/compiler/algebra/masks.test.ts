import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  and,
  environmentOf,
  equal,
  evaluate,
  futureWitness,
  impliesCausal,
  impliesWindow,
  not,
  or,
  parameter,
  print,
} from '../../../compiler/src/algebra/index.js';
import type { Expression, FormulaDeclaration } from '../../../compiler/src/graph/graph.js';
import {
  add,
  call,
  choose,
  compare,
  divide,
  head,
  i,
  key,
  local,
  modulo,
  multiply,
  negate,
  query,
  subtract,
} from './kit.js';

const n = parameter('n');
const causal = compare('less_equal', key, query);
const distance = call('abs', subtract(query, key));
const near = compare('less', distance, n);
const present: Expression = { kind: 'lookup', value: 'tokens_present', batched: true, indices: [key] };
const even = compare('equal', modulo(i, 2), 0);

const causalMasks: readonly [string, Expression][] = [
  ['k <= q', causal],
  ['q >= k', compare('greater_equal', query, key)],
  ['k < q', compare('less', key, query)],
  ['k < q + 1', compare('less', key, add(query, 1))],
  ['q - k >= 0', compare('greater_equal', subtract(query, key), 0)],
  ['2 * k <= 2 * q', compare('less_equal', multiply(2, key), multiply(2, query))],
  ['k == q', compare('equal', key, query)],
  ['|q - k| < 1', compare('less', distance, 1)],
  ['not (k > q)', not(compare('greater', key, query))],
  ['causal and anything', and(present, and(near, causal))],
  ['both arms of a choice', choose(even, causal, and(causal, near))],
  ['one or the other', or(and(causal, near), compare('equal', key, query))],
  ['a choice by position', choose(compare('less', key, add(query, 1)), true, false)],
  ['max of both', compare('less_equal', call('maximum', key, subtract(key, 1)), query)],
  ['nothing at all', false],
];

test.each(causalMasks)('causal: %s', (_, mask) => {
  expect(impliesCausal(mask)).toBe(true);
  expect(futureWitness(mask, environmentOf({ parameters: { n: 4 }, locals: { i: 1 } }))).toBeUndefined();
});

const otherMasks: readonly [string, Expression, { query: number; key: number }][] = [
  ['everything', true, { query: 0, key: 1 }],
  ['a window on both sides', near, { query: 0, key: 1 }],
  ['presence', present, { query: 0, key: 1 }],
  ['one step ahead', compare('less_equal', key, add(query, 1)), { query: 0, key: 1 }],
  ['later keys only', compare('greater', key, add(query, 300)), { query: 0, key: 301 }],
  ['one arm only', choose(even, causal, true), { query: 0, key: 1 }],
  ['the text, or causal', or(causal, compare('less', key, 10)), { query: 0, key: 1 }],
  ['half of it', and(or(causal, near), compare('greater', query, 20)), { query: 21, key: 22 }],
  ['blocks', compare('equal', call('floor', divide(key, n)), call('floor', divide(query, n))), { query: 0, key: 1 }],
];

test.each(otherMasks)('not causal: %s', (_, mask, witness) => {
  const environment = environmentOf({ parameters: { n: 4 }, locals: { i: 1 } });
  expect(impliesCausal(mask)).toBe(false);
  expect(futureWitness(mask, environment)).toStrictEqual(witness);
});

const windows: readonly [string, Expression, string | undefined][] = [
  ['a window', and(causal, near), 'n'],
  ['an inclusive window', compare('less_equal', distance, n), 'n + 1'],
  ['a difference', compare('less', subtract(query, key), 256), '256'],
  ['keys from', compare('greater', key, subtract(query, n)), 'n'],
  ['the smaller of two literals', and(compare('less', distance, 8), compare('less', distance, 4)), '4'],
  ['the smaller of two names', and(near, compare('less', distance, 4)), 'min(n, 4)'],
  ['the larger of two', or(compare('less', distance, 8), compare('less', distance, 4)), '8'],
  ['itself only', compare('equal', key, query), '1'],
  ['alternating', choose(even, causal, and(causal, near)), 'if i % 2 == 0 then inf else n'],
  ['no window', causal, undefined],
  ['the text, or a window', or(near, compare('less', key, 10)), undefined],
  ['by head', and(causal, choose(compare('less', head, 2), near, true)), undefined],
];

test.each(windows)('window: %s', (_, mask, expected) => {
  const found = impliesWindow(mask);
  expect(found === undefined ? undefined : print(found)).toBe(expected);
});

test('named masks are looked into', () => {
  const window: FormulaDeclaration = {
    name: 'window',
    kind: 'mask',
    text: 'mask window(n) = (q, k) => abs(q - k) < n',
    parameters: [{ name: 'n', kind: 'scalar' }],
    expression: compare('less', distance, local('n')),
  };
  const formulas = new Map([['window', window]]);
  const mask = and(causal, { kind: 'apply', formula: 'window', arguments: [256] });
  expect(impliesCausal(mask, formulas)).toBe(true);
  expect(impliesWindow(mask, formulas)).toBe(256);
  expect(impliesWindow(mask)).toBeUndefined();
});

const linear: fc.Arbitrary<Expression> = fc
  .tuple(
    fc.constantFrom(key, query, negate(key), distance, call('maximum', key, query)),
    fc.integer({ min: -3, max: 3 }),
  )
  .map(([a, c]) => add(a, c));

const masks: fc.Arbitrary<Expression> = fc.letrec<{ mask: Expression }>((tie) => ({
  mask: fc.oneof(
    { maxDepth: 3 },
    fc
      .tuple(fc.constantFrom('less', 'less_equal', 'greater', 'equal', 'not_equal' as const), linear, linear)
      .map(([operator, a, b]) => compare(operator as 'less', a, b)),
    fc.tuple(tie('mask'), tie('mask')).map(([a, b]) => and(a, b)),
    fc.tuple(tie('mask'), tie('mask')).map(([a, b]) => or(a, b)),
    tie('mask').map(not),
    fc.tuple(tie('mask'), tie('mask'), tie('mask')).map(([a, b, c]) => choose(a, b, c)),
  ),
})).mask;

test('what is said of a mask is true at every position', () => {
  let [sawCausal, sawWindow] = [0, 0];
  fc.assert(
    fc.property(masks, (mask) => {
      const isCausal = impliesCausal(mask);
      const window = evaluate(impliesWindow(mask) ?? Number.POSITIVE_INFINITY) as number;
      if (isCausal) sawCausal++;
      if (Number.isFinite(window)) sawWindow++;
      for (let q = 0; q < 9; q++) {
        for (let k = 0; k < 9; k++) {
          if (evaluate(mask, { axes: { head: 0, query: q, key: k } }) !== true) continue;
          if (isCausal) expect(k).toBeLessThanOrEqual(q);
          expect(q - k).toBeLessThan(window);
        }
      }
    }),
    { seed: 7, numRuns: 1000 },
  );
  expect(sawCausal).toBeGreaterThan(20);
  expect(sawWindow).toBeGreaterThan(20);
  expect(equal(causal, compare('greater_equal', query, key))).toBe(true);
});
