import { int, type Value } from '../builder.js';
import type { OperatorContext } from '../context.js';
import type { Lower } from './index.js';

export const reduce = {
  mean: (context) => along('ReduceMean', context),
  sum: (context) => along('ReduceSum', context),
  argmax: lowerArgmax,
  running_sum: lowerRunningSum,
} satisfies Record<string, Lower>;

function along(operator: string, context: OperatorContext): Value {
  const [x] = context.floats;
  return context.ops.reduce(operator, x!, [context.axisOf(x!)], context.flag('keep'));
}

function lowerRunningSum(context: OperatorContext): Value {
  const { builder, ops, type } = context;
  const x = ops.cast(context.inputs[0]!, type);
  const sums = builder.node('CumSum', [x, ops.scalar(1, 'int64')], { type, shape: x.shape });
  const start = context.number('start');
  return start === 0 ? sums : ops.add(sums, ops.scalar(start, type));
}

/** Index of the largest element, the first of equal ones. */
function lowerArgmax(context: OperatorContext): Value {
  const [x] = context.floats;
  const axis = context.axisOf(x!);
  const shape = x!.shape.filter((_, i) => i !== axis);
  return context.builder.node('ArgMax', [x], { type: 'int64', shape }, { axis: int(axis), keepdims: int(0) });
}
