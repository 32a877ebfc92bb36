import { parse, type Expression as Syntax } from '@tfm-lang/grammar';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { dimension, environmentOf, evaluate, local, parameter, print } from '../../../compiler/src/algebra/index.js';
import type { Expression, Operator } from '../../../compiler/src/graph/graph.js';
import { arithmetic, names, point } from './arbitrary.js';

const operators: Readonly<Record<string, Operator>> = {
  '+': 'add',
  '-': 'subtract',
  '*': 'multiply',
  '/': 'divide',
  '%': 'modulo',
  '**': 'power',
  '==': 'equal',
  '<': 'less',
  and: 'and',
  or: 'or',
  min: 'minimum',
  max: 'maximum',
};

const operator = (name: string, ...operands: Expression[]): Expression => ({
  kind: 'operator',
  operator: operators[name] ?? (name as Operator),
  operands,
});

/** The expression of a syntax tree, as plainly as possible. */
function read(syntax: Syntax): Expression {
  switch (syntax.kind) {
    case 'number':
    case 'boolean':
      return syntax.value;
    case 'name':
      return names.includes(syntax.name)
        ? parameter(syntax.name)
        : syntax.name === 'T'
          ? dimension('T')
          : local(syntax.name);
    case 'parenthesized':
      return read(syntax.items[0]!);
    case 'unary':
      return operator(syntax.operator === '-' ? 'negate' : 'not', read(syntax.operand));
    case 'binary':
      return operator(syntax.operator, read(syntax.left), read(syntax.right));
    case 'if':
      return operator('if', read(syntax.condition), read(syntax.then), read(syntax.else));
    case 'call':
      if (syntax.callee.kind !== 'name') throw new Error('a call of no name');
      return operator(syntax.callee.name, ...syntax.arguments.map(({ value }) => read(value)));
    default:
      throw new Error(`unexpected ${syntax.kind}`);
  }
}

function parseExpression(text: string): Expression {
  const { file, mistakes } = parse(`fn f(x) = ${text}`);
  expect(mistakes).toStrictEqual([]);
  const [declaration] = file.declarations;
  if (declaration?.kind !== 'fn' || declaration.body.kind === 'body') throw new Error('not one expression');
  return read(declaration.body);
}

test('what is printed and read again has the same value', () => {
  fc.assert(
    fc.property(arithmetic, point, (expression, at) => {
      const environment = environmentOf(at);
      const again = parseExpression(print(expression));
      expect(evaluate(again, environment)).toStrictEqual(evaluate(expression, environment));
      expect(print(again)).toBe(print(parseExpression(print(again))));
    }),
    { seed: 9, numRuns: 800 },
  );
});

const logic: fc.Arbitrary<Expression> = fc.letrec<{ condition: Expression }>((tie) => ({
  condition: fc.oneof(
    { maxDepth: 4 },
    fc
      .tuple(fc.constantFrom('<', '=='), fc.constantFrom(...names).map(parameter), fc.integer({ min: 1, max: 9 }))
      .map(([name, a, b]) => operator(name, a, b)),
    fc
      .tuple(fc.constantFrom('and', 'or'), tie('condition'), tie('condition'))
      .map(([name, a, b]) => operator(name, a, b)),
    tie('condition').map((a) => operator('not', a)),
    fc.tuple(tie('condition'), tie('condition'), tie('condition')).map(([a, b, c]) => operator('if', a, b, c)),
  ),
})).condition;

test('conditions too', () => {
  fc.assert(
    fc.property(logic, point, (expression, at) => {
      const environment = environmentOf(at);
      expect(evaluate(parseExpression(print(expression)), environment)).toBe(evaluate(expression, environment));
    }),
    { seed: 10, numRuns: 500 },
  );
});
