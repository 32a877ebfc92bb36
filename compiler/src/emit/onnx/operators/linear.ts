import type { OperatorContext } from '../context.js';
import type { Lower } from './index.js';

export const linear = {
  linear: lowerLinear,
  embedding: (context) => {
    const rows = context.ops.gather(context.needed('weight'), context.inputs[0]!);
    const scale = context.number('scale');
    return scale === 1 ? rows : context.ops.multiply(rows, context.ops.scalar(scale));
  },
  unembed: (context) => context.ops.matmul(context.inputs[0]!, context.needed('weight', true)),
  weight: (context) => context.needed('weight'),
} satisfies Record<string, Lower>;

/** x·Wᵀ + b */
function lowerLinear(context: OperatorContext) {
  const { ops } = context;
  const [x] = context.inputs;
  const groups = context.number('groups');
  if (groups !== 1) throw context.unsupported('groups');
  const result = ops.matmul(x!, context.needed('weight', true));
  const bias = context.weight('bias');
  return bias ? ops.add(result, bias) : result;
}
