import fc from 'fast-check';
import { dimension, local, parameter } from '../../../compiler/src/algebra/index.js';
import type { Expression, Operator } from '../../../compiler/src/graph/graph.js';

export const names = ['width', 'heads', 'size', 'patch', 'depth'];

const operator = (name: Operator, ...operands: Expression[]): Expression => ({
  kind: 'operator',
  operator: name,
  operands,
});

/** Arithmetic as a user could write it, not simplified. */
export const arithmetic: fc.Arbitrary<Expression> = fc.letrec<{ expression: Expression; leaf: Expression }>((tie) => ({
  leaf: fc.oneof(
    fc.constantFrom(...names).map(parameter),
    fc.constant(dimension('T')),
    fc.constant(local('i')),
    fc.integer({ min: -9, max: 9 }),
    fc.constantFrom(0.5, 0.25, 1.5),
  ),
  expression: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    tie('leaf'),
    fc
      .tuple(
        fc.constantFrom<Operator>('add', 'subtract', 'multiply', 'divide', 'minimum', 'maximum', 'modulo'),
        tie('expression'),
        tie('expression'),
      )
      .map(([name, a, b]) => operator(name, a, b)),
    fc
      .tuple(fc.constantFrom<Operator>('floor', 'negate', 'abs'), tie('expression'))
      .map(([name, a]) => operator(name, a)),
    fc.tuple(tie('expression'), fc.integer({ min: 0, max: 3 })).map(([a, n]) => operator('power', a, n)),
    fc
      .tuple(tie('expression'), tie('expression'), tie('expression'), tie('expression'))
      .map(([a, b, c, d]) => operator('if', operator('less', a, b), c, d)),
  ),
})).expression;

/** Names → whole numbers, as sizes are. */
export const point = fc.record({
  parameters: fc.record(Object.fromEntries(names.map((name) => [name, fc.integer({ min: 1, max: 12 })]))),
  dimensions: fc.record({ T: fc.integer({ min: 1, max: 12 }) }),
  locals: fc.record({ i: fc.integer({ min: 0, max: 12 }) }),
});
