import type { OperatorContext } from '../context.js';
import type { Lower } from './index.js';

/** Elementwise operators of two values, `Add`, `Mul`, …, by the name that both have. */
const two =
  (operator: string): Lower =>
  ({ ops, inputs }) =>
    ops.binary(operator, inputs[0]!, inputs[1]!);

const comparison =
  (operator: string): Lower =>
  ({ ops, inputs }) =>
    ops.compare(operator, inputs[0]!, inputs[1]!);

export const arithmetic = {
  add: two('Add'),
  subtract: two('Sub'),
  multiply: two('Mul'),
  divide: two('Div'),
  power: two('Pow'),
  minimum: two('Min'),
  maximum: two('Max'),
  negate: ({ ops, inputs }) => ops.unary('Neg', inputs[0]!),
  equal: comparison('Equal'),
  not_equal: ({ ops, inputs }) => ops.not(ops.compare('Equal', inputs[0]!, inputs[1]!)),
  less: comparison('Less'),
  less_equal: comparison('LessOrEqual'),
  greater: comparison('Greater'),
  greater_equal: comparison('GreaterOrEqual'),
  and: comparison('And'),
  or: comparison('Or'),
  not: ({ ops, inputs }) => ops.not(inputs[0]!),
  where: ({ ops, inputs }) => ops.where(inputs[0]!, inputs[1]!, inputs[2]!),
  scalar: (context: OperatorContext) => context.ops.scalar(context.number('value')),
} satisfies Record<string, Lower>;
