import { int, type Value } from '../builder.js';
import type { Ops } from '../ops.js';
import type { Lower } from './index.js';

export const top = {
  top_values: (context) => context.ops.top(context.floats[0]!, context.number('count')).values,
  in_top: (context) => inTop(context.ops, context.floats[0]!, context.number('count')),
} satisfies Record<string, Lower>;

/** Whether each feature is among the `count` largest of its row: the places of those, as ones of a row of zeros. */
export function inTop(ops: Ops, x: Value, count: number): Value {
  const { builder } = ops;
  const { indices } = ops.top(x, count);
  const ones = ops.expand(ops.scalar(1, 'int32'), indices.shape);
  const zeros = ops.expand(ops.scalar(0, 'int32'), x.shape);
  const made = builder.node(
    'ScatterElements',
    [zeros, indices, ones],
    { type: 'int32', shape: x.shape },
    { axis: int(-1) },
  );
  return ops.cast(made, 'bool');
}
