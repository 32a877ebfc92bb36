import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import type { FormulaContext } from '../../../runtime/src/formula/context.js';
import { formulaKey } from '../../../runtime/src/formula/formula.js';
import { type Formula, f, useBackend } from '../../../runtime/src/index.js';
import { separated } from '../../../runtime/src/ops/attend/pairs.js';
import { fixed } from '../../../runtime/src/ops/context.js';

beforeAll(async () => {
  expect(await useBackend('cpu')).toBe('cpu');
});

const context: FormulaContext = { batch: 1, heads: 2, queries: 64, keys: 64, start: fixed(0) };
const { abs, add, divide, equal, floor, less, lessEqual, modulo, multiply, or, subtract } = f;
const mask = f.mask;

function expressionOf(of: Formula, at = context): string | undefined {
  const found = separated(of, undefined, at);
  return found?.mask && formulaKey(found.mask);
}

describe('a mask for pairs becomes an expression of atoms', () => {
  test.each<[string, Formula, string, number]>([
    ['columns', mask(({ q, k }) => equal(modulo(q, 8), modulo(k, 8))), 'equal(#0,#1)', 2],
    [
      'what is the same twice is one atom',
      mask(({ q, k }) =>
        or(lessEqual(subtract(floor(divide(q, 8)), floor(divide(k, 8))), 2), equal(floor(divide(q, 8)), k)),
      ),
      'or(lessEqual(subtract(#0,#1),2),equal(#0,#2))',
      3,
    ],
    ['a distance', mask(({ q, k }) => or(less(k, 3), equal(modulo(subtract(q, k), 3), 0))), 'or(#0,#1)', 2],
    [
      'a fraction that no whole number is near',
      mask(({ q, k }) => lessEqual(add(floor(q), multiply(2, k)), 20.3)),
      'lessEqual(add(#0,#1),20.3)',
      2,
    ],
  ])('%s', (_, of, expression, atoms) => {
    expect(expressionOf(of)).toBe(expression);
    expect(separated(of, undefined, context)!.atoms).toHaveLength(atoms);
  });

  test('what tensors say of each query and each key may be compared as it is', () => {
    const marks = tf.tensor1d([0.1, 0.2]);
    const of = mask(({ q, k }) => less(f.lookup(marks, [q]), f.lookup(marks, [k])));
    expect(expressionOf(of)).toBe('less(#0,#1)');
    expect(expressionOf(mask(({ q, k }) => f.lookup(marks, [f.minimum(q, k)])))).toBeUndefined();
  });
});

test.each<[string, Formula]>([
  ['fractions are compared', mask(({ q, k }) => less(divide(q, 3), divide(k, 7)))],
  ['a quotient of both positions', mask(({ q, k }) => less(floor(divide(multiply(q, k), 7)), 5))],
  [
    'whole numbers that float32 has not',
    mask(({ q, k }) => equal(multiply(multiply(q, q), multiply(k, multiply(2, k))), multiply(9, k))),
  ],
  ['a number beside a whole one', mask(({ q, k }) => less(abs(subtract(multiply(q, q), k)), 20 + 1e-9))],
  ['what is infinite', mask(({ q, k }) => less(divide(1, q), k))],
])('float32 might decide otherwise: %s', (_, of) => {
  expect(expressionOf(of)).toBeUndefined();
});

test('a score may be a fraction, what it asks may not', () => {
  const near = ({ q, k }: { q: Formula; k: Formula }) => abs(subtract(divide(q, 3), floor(divide(k, 3))));
  const score = (of: Formula) => separated(undefined, of, context)?.bias;
  expect(score(f.score((leaves) => multiply(-0.1, near(leaves))))).toBeDefined();
  expect(score(f.score((leaves) => f.if(less(near(leaves), 1), 0.5, 0)))).toBeUndefined();
});
