import type { Value } from '../builder.js';
import type { OperatorContext } from '../context.js';
import type { Shape } from '../sizes.js';
import type { Lower } from './index.js';

export const linear = {
  linear: lowerLinear,
  embedding: (context) => {
    const { ops } = context;
    const ids = ops.cast(context.inputs[0]!, 'int64');
    const rows = ops.gather(context.needed('weight'), ids);
    const scale = context.number('scale');
    return scale === 1 ? rows : ops.multiply(rows, ops.scalar(scale));
  },
  unembed: (context) => context.ops.matmul(context.floats[0]!, context.needed('weight', true)),
  weight: (context) => context.needed('weight'),
} satisfies Record<string, Lower>;

/** x·Wᵀ + b */
function lowerLinear(context: OperatorContext): Value {
  const { ops } = context;
  const [x] = context.floats;
  const groups = context.number('groups');
  const result = groups === 1 ? ops.matmul(x!, context.needed('weight', true)) : groupedProduct(context, x!, groups);
  const bias = context.weight('bias');
  return bias ? ops.add(result, bias) : result;
}

/**
 * Consecutive groups of features with matrices of their own, as the batch of one product:
 * [.., groups, T, in / groups] × [groups, in / groups, out / groups].
 */
function groupedProduct(context: OperatorContext, x: Value, groups: number): Value {
  const { ops } = context;
  const weight = context.needed('weight');
  const [outputs, inputs] = weight.shape.map(Number) as [number, number];
  const matrices = context.builder.constantOnce(`groups ${weight.name}`, () =>
    ops.transpose(ops.reshape(weight, [groups, outputs / groups, inputs]), [0, 2, 1]),
  );
  const leading = x.shape.slice(0, -1);
  const rows: Shape = leading.length === 0 ? [1] : leading;
  const grouped = swapped(context, ops.reshape(x, [...rows, groups, inputs]));
  const products = swapped(context, ops.matmul(grouped, matrices));
  return ops.reshape(products, [...leading, outputs]);
}

/** [.., T, groups, n] ↔ [.., groups, T, n] */
function swapped({ ops }: OperatorContext, x: Value): Value {
  const rank = x.shape.length;
  const axes = x.shape.map((_, axis) => axis);
  return ops.transpose(x, [...axes.slice(0, -3), rank - 2, rank - 3, rank - 1]);
}
