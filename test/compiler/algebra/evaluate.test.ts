import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  environmentOf,
  evaluate,
  evaluateSize,
  exactDivisions,
  freeNames,
  index,
  inlineFormulas,
  list,
  not,
  print,
  printValue,
  substitute,
} from '../../../compiler/src/algebra/index.js';
import type { Expression, FormulaDeclaration } from '../../../compiler/src/graph/graph.js';
import { arithmetic, point } from './arbitrary.js';
import {
  add,
  call,
  choose,
  compare,
  divide,
  heads,
  i,
  local,
  modulo,
  multiply,
  negate,
  patch,
  power,
  query,
  size,
  subtract,
  T,
  width,
} from './kit.js';

const known = environmentOf({ parameters: { width: 100, heads: 12, size: 224, patch: 16 }, locals: { i: 3 } });

const values: readonly [Expression, unknown][] = [
  [multiply(4, width), 400],
  [add(power(divide(size, patch), 2), 1), 197],
  [modulo(subtract(i, 4), 3), 2],
  [choose(compare('equal', modulo(i, 2), 0), 1, 2), 2],
  [index(list([1, 2, 3, 5]), i), 5],
  [index(list([1, 2]), i), undefined],
  [T, undefined],
  [call('length', list([width, heads])), 2],
  [call('and', compare('less', T, 1), compare('greater', width, 200)), false],
  [call('if', compare('greater', heads, 0), divide(width, heads), divide(1, 0)), 100 / 12],
];

test.each(values)('the value of %j', (expression, expected) => {
  expect(evaluate(expression, known)).toStrictEqual(expected);
});

test('simplifies the obvious and keeps the rest as it was written', () => {
  expect(add(width, 0)).toBe(width);
  expect(multiply(width, 1)).toBe(width);
  expect(multiply(0, width)).toBe(0);
  expect(divide(width, width)).toBe(1);
  expect(divide(multiply(heads, width), heads)).toBe(width);
  expect(choose(true, width, heads)).toBe(width);
  expect(choose(compare('less', T, 1), width, width)).toBe(width);
  expect(index(list([width, heads]), 1)).toBe(heads);
  expect(not(not(compare('less', T, 1)))).toStrictEqual(compare('less', T, 1));
  expect(call('floor', divide(7, 2))).toBe(3);
  expect(print(divide(1, 3))).toBe('1 / 3');
});

test('a size must be whole: the innermost division at fault', () => {
  const result = evaluateSize(multiply(heads, add(divide(width, heads), 1)), known);
  expect(result).toStrictEqual({
    problem: 'not_whole',
    detail: 'width / heads is 100 / 12 = 8.33333',
    at: divide(width, heads),
    operands: [
      { of: width, value: 100 },
      { of: heads, value: 12 },
    ],
  });
});

const sizes: readonly [Expression, object][] = [
  [call('floor', divide(width, heads)), { value: 8 }],
  [subtract(heads, width), { problem: 'negative', detail: 'heads - width is 12 - 100 = -88' }],
  [divide(width, subtract(heads, 12)), { problem: 'not_finite', detail: 'width / (heads - 12) is 100 / 0 = inf' }],
  [add(width, T), { problem: 'unknown', detail: 'T is not known' }],
  [multiply(width, 0.125), { problem: 'not_whole', detail: 'width * 0.125 is 100 * 0.125 = 12.5' }],
  [choose(compare('equal', modulo(width, heads), 0), divide(width, heads), 1), { value: 1 }],
];

test.each(sizes)('the size %j', (expression, expected) => {
  expect(evaluateSize(expression, known)).toMatchObject(expected);
});

test('the divisions that a configuration must make whole', () => {
  const odd = compare('equal', modulo(i, 2), 1);
  const divisions = exactDivisions(add(call('floor', divide(size, 3)), choose(odd, divide(width, heads), 1)));
  expect(divisions).toStrictEqual([{ division: divide(width, heads), when: [{ condition: odd, holds: true }] }]);
});

const printed: readonly [string, Expression][] = [
  ['width / heads', divide(width, heads)],
  ['4 * width', multiply(4, width)],
  ['(size / patch) ** 2 + 1', add(power(divide(size, patch), 2), 1)],
  ['width - (heads - 1)', subtract(width, subtract(heads, 1))],
  ['width - heads - 1', subtract(subtract(width, heads), 1)],
  ['width / (heads * 2)', divide(width, multiply(heads, 2))],
  ['heads ** -0.5', power(heads, -0.5)],
  ['(-width) ** 2', power(negate(width), 2)],
  ['-width ** 2', negate(power(width, 2))],
  ['2 ** width ** heads', power(2, power(width, heads))],
  ['(2 ** width) ** heads', power(power(2, width), heads)],
  ['width - 1', add(width, -1)],
  ['if i % 2 == 0 then width else heads', choose(compare('equal', modulo(i, 2), 0), width, heads)],
  ['(if i < 1 then 2 else 3) * width', multiply(choose(compare('less', i, 1), 2, 3), width)],
  [
    'not (i < 1 or i > 3) and i != 2',
    call('and', not(call('or', compare('less', i, 1), compare('greater', i, 3))), compare('not_equal', i, 2)),
  ],
  ['min(abs(width - heads), max(1, T))', call('minimum', call('abs', subtract(width, heads)), call('maximum', 1, T))],
  ['[1, 2, width][i]', index(list([1, 2, width]), i)],
  ['q + 1', add(query, 1)],
];

test.each(printed)('%s', (expected, expression) => {
  expect(print(expression)).toBe(expected);
});

test('prints values', () => {
  expect(printValue(width, known)).toBe('width = 100');
  expect(printValue(multiply(4, width), known)).toBe('4 * width = 400');
  expect(printValue(768, known)).toBe('768');
  expect(printValue(T, known)).toBe('T');
});

test('substitutes locals and names the rest', () => {
  const expression = add(multiply(2, i), width);
  expect(substitute(expression, new Map([['i', 3]]))).toStrictEqual(add(6, width));
  expect(print(substitute(expression, (leaf) => (leaf.name === 'width' ? heads : undefined)))).toBe('2 * i + heads');
  expect([...freeNames(expression).parameters, ...freeNames(expression).locals]).toStrictEqual(['width', 'i']);
});

const twice: FormulaDeclaration = {
  name: 'twice',
  kind: 'function',
  text: 'fn twice(x) = 2 * x',
  parameters: [{ name: 'x', kind: 'scalar' }],
  expression: multiply(2, local('x')),
};

test('formulas: inlined and evaluated', () => {
  const formulas = new Map([['twice', twice]]);
  const inner: Expression = { kind: 'apply', formula: 'twice', arguments: [width] };
  const expression: Expression = { kind: 'apply', formula: 'twice', arguments: [inner] };
  expect(print(inlineFormulas(expression, formulas))).toBe('2 * (2 * width)');
  expect(evaluate(expression, { ...known, formulas })).toBe(400);
  const endless: FormulaDeclaration = {
    ...twice,
    expression: { kind: 'apply', formula: 'twice', arguments: [local('x')] },
  };
  expect(evaluate(expression, { ...known, formulas: new Map([['twice', endless]]) })).toBeUndefined();
});

test('simplifying does not change the value', () => {
  fc.assert(
    fc.property(arithmetic, point, (expression, at) => {
      const environment = environmentOf(at);
      const locals = new Map(Object.entries(at.locals));
      const simplified = substitute(expression, locals);
      const [before, after] = [evaluate(expression, environment), evaluate(simplified, environment)];
      if (typeof before !== 'number' || !Number.isFinite(before)) return;
      expect(after).toBeCloseTo(before, 6);
    }),
    { seed: 4, numRuns: 1500 },
  );
});
