import type { Value } from '../builder.js';
import type { OperatorContext } from '../context.js';
import { as, evaluateFormula } from '../formulas/index.js';
import { broadcast, type Shape, sameShape } from '../sizes.js';
import type { Lower } from './index.js';
import { sameRows } from './rows.js';

export const apply = { apply: lowerApply } satisfies Record<string, Lower>;

/** An elementwise function given as a formula of its arguments. */
function lowerApply(context: OperatorContext): Value {
  const { ops } = context;
  const elements = sameRows(context, context.inputs);
  const [value, unsupported] = [context.value.bind(context), context.unsupported.bind(context)];
  const around = { ops, value, unsupported, batch: 1, heads: 1, queries: 1, keys: 1, start: 0 } as const;
  const result = as(ops, evaluateFormula(context.formula('formula'), { ...around, elements }), context.type);
  const shape = elements.map((element) => element.shape).reduce<Shape>(broadcast, []);
  return sameShape(result.shape, shape) ? result : ops.expand(result, shape);
}
