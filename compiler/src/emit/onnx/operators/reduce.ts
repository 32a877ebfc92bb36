import { int, type Value } from '../builder.js';
import type { OperatorContext } from '../context.js';
import type { Lower } from './index.js';

export const reduce = {
  mean: (context) => along('ReduceMean', context),
  sum: (context) => along('ReduceSum', context),
  argmax: lowerArgmax,
} satisfies Record<string, Lower>;

function along(operator: string, context: OperatorContext): Value {
  const [x] = context.floats;
  return context.ops.reduce(operator, x!, [context.axisOf(x!)], context.flag('keep'));
}

/** Index of the largest element, the first of equal ones. */
function lowerArgmax(context: OperatorContext): Value {
  const [x] = context.floats;
  const axis = context.axisOf(x!);
  const shape = x!.shape.filter((_, i) => i !== axis);
  return context.builder.node('ArgMax', [x], { type: 'int64', shape }, { axis: int(axis), keepdims: int(0) });
}
