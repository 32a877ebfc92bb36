import type { Value } from '../builder.js';
import type { OperatorContext } from '../context.js';
import type { Lower } from './index.js';
import { sameRows } from './rows.js';

/** Elementwise operators of two values, `Add`, `Mul`, …, by the name that both have. They give real numbers. */
const two =
  (operator: string): Lower =>
  (context) => {
    const [a, b] = sameRows(context, context.floats);
    return context.ops.binary(operator, a!, b!);
  };

/** Whole numbers are compared as such, truth values only for being equal; anything else as real numbers. */
const comparison =
  (operator: string): Lower =>
  (context) => {
    const [a, b] = sameRows(context, context.inputs);
    const alike = a!.type === b!.type && (a!.type !== 'bool' || operator === 'Equal');
    const [x, y] = alike ? [a!, b!] : [context.ops.cast(a!, 'float'), context.ops.cast(b!, 'float')];
    return context.ops.compare(operator, x, y);
  };

/** `And`, `Or` */
const logic =
  (operator: string): Lower =>
  (context) => {
    const [a, b] = sameRows(context, conditions(context));
    return context.ops.compare(operator, a!, b!);
  };

const equal = comparison('Equal');

export const arithmetic = {
  add: two('Add'),
  subtract: two('Sub'),
  multiply: two('Mul'),
  divide: two('Div'),
  power: two('Pow'),
  minimum: two('Min'),
  maximum: two('Max'),
  negate: lowerNegate,
  equal,
  not_equal: (context) => context.ops.not(equal(context) as Value),
  less: comparison('Less'),
  less_equal: comparison('LessOrEqual'),
  greater: comparison('Greater'),
  greater_equal: comparison('GreaterOrEqual'),
  and: logic('And'),
  or: logic('Or'),
  not: (context) => context.ops.not(conditions(context)[0]!),
  where: lowerWhere,
  zero: lowerZero,
  scalar: (context) => context.ops.scalar(context.number('value')),
} satisfies Record<string, Lower>;

/** 0 and 1 are conditions too. */
function conditions({ ops, inputs }: OperatorContext): readonly Value[] {
  return inputs.map((input) => ops.cast(input, 'bool'));
}

function lowerNegate(context: OperatorContext): Value {
  const { ops, inputs, type } = context;
  if (type === 'bool') throw context.unsupported('the negative of a truth value');
  return ops.unary('Neg', ops.cast(inputs[0]!, type));
}

function lowerWhere(context: OperatorContext): Value {
  const { ops, inputs, type } = context;
  const [condition, a, b] = sameRows(context, inputs);
  return ops.where(ops.cast(condition!, 'bool'), ops.cast(a!, type), ops.cast(b!, type));
}

/** x with 0 where the condition holds: for each element, or for all of the last axes of x that the condition lacks. */
function lowerZero(context: OperatorContext): Value {
  const { ops, type } = context;
  const [x, condition] = sameRows(context, context.inputs);
  const rank = condition!.shape.length;
  const lacking = Array.from({ length: Math.max(x!.shape.length - rank, 0) }, (_, i) => rank + i);
  const flags = ops.cast(condition!, 'bool');
  const hidden = lacking.length > 0 ? ops.unsqueeze(flags, lacking) : flags;
  return ops.where(hidden, ops.scalar(0, type), ops.cast(x!, type));
}
