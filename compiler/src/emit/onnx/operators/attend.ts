import type { Value } from '../builder.js';
import type { OperatorContext } from '../context.js';
import { attentionOf } from './attend/attention.js';
import { decomposedAttention } from './attend/decomposed.js';
import { fusedAttention, fusible } from './attend/fused.js';
import type { Lower } from './index.js';

export const attend = { attend: lowerAttend } satisfies Record<string, Lower>;

/**
 * softmax(score(scale · q kᵀ), over the keys that the mask shows) · v (Vaswani et al. 2017, equation 1). A query that sees
 * no key gives zeros.
 */
function lowerAttend(context: OperatorContext): Value {
  const attention = attentionOf(context);
  const score = fusible(attention);
  const result = score ? fusedAttention(attention, score) : decomposedAttention(attention);
  return context.ops.reshape(result, attention.inputs.resultShape);
}
