import type { Tensor } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import type { ActivationName } from '../kernels/attributes.js';
import { fusesDispatches, type NormOfInput } from '../kernels/projection.js';
import { reshape } from '../kernels/reshape.js';
import { MixturePlan } from './chosen.js';
import { LinearPlan, NormPlan, project, RotaryPlan, type Turning, ViewPlan } from './plans.js';
import { isLazy, isSame, lazyTensor, numbersOf, pendingOf, planOf, sourceOf } from './tensor.js';

/** Whether what is made of x may wait for its reader: in a pass through a model, where no gradient is asked for. */
function mayWait(x: Tensor): boolean {
  return isLazy() && x.dtype === 'float32' && x.size > 0;
}

/** A linear layer that waits for what follows it; `undefined` where it must not. */
export function lazyLinear(x: Tensor, weight: Tensor, bias: Tensor | undefined): Tensor | undefined {
  if (!mayWait(x)) return undefined;
  return lazyTensor([...x.shape.slice(0, -1), weight.shape[0]!], new LinearPlan(sourceOf(x), { weight, bias }));
}

/** A norm that waits for the linear layer behind it, where one kernel does both. */
export function lazyNorm(x: Tensor, norm: NormOfInput, alone: (x: Tensor) => Tensor): Tensor | undefined {
  return fusesDispatches() && mayWait(x) ? lazyTensor(x.shape, new NormPlan(sourceOf(x), norm, alone)) : undefined;
}

/** What `take` makes of x, where it takes whole rows: of a norm that waits it takes them first, and the norm goes on waiting. */
export function ofRows(x: Tensor, take: (x: Tensor) => Tensor): Tensor {
  const plan = planOf(x);
  if (!(plan instanceof NormPlan)) return take(x);
  const rows = take(numbersOf(plan.sources[0]));
  return lazyTensor(rows.shape, plan.of(rows));
}

/** A rotation that waits for the attention behind it. */
export function lazyRotary(x: Tensor, turning: Turning, alone: (x: Tensor) => Tensor): Tensor | undefined {
  return fusesDispatches() && mayWait(x) ? lazyTensor(x.shape, new RotaryPlan(sourceOf(x), turning, alone)) : undefined;
}

/** The activation of a linear layer as part of it; `undefined` where x is none that waits. */
export function lazyActivation(x: Tensor, activation: ActivationName): Tensor | undefined {
  const plan = planOf(x);
  if (!(plan instanceof LinearPlan) || plan.activation !== 'none') return undefined;
  return lazyTensor(x.shape, plan.activated(activation));
}

/** x under another shape, of which one size may be −1, without a reader of its numbers. */
export function reshaped(x: Tensor, shape: readonly number[]): Tensor {
  if (!planOf(x) || !fusesDispatches()) return reshape(x, shape);
  const sizes = tf.util.inferFromImplicitShape([...shape], x.size);
  return lazyTensor(sizes, new ViewPlan(sourceOf(x), sizes));
}

/** a + b where one of them is a linear layer or a mixture that waits, and the other as large: the sum is part of it. */
export function lazySum(a: Tensor, b: Tensor): Tensor | undefined {
  const [x, of] = takesSum(b) ? [a, b] : [b, a];
  if (!takesSum(of) || x.dtype !== 'float32' || !tf.util.arraysEqual(a.shape, b.shape)) return undefined;
  pendingOf(x)?.value(); // first, because the layer may read it, too
  const plan = planOf(of);
  if (plan instanceof MixturePlan) return plan.compute(x);
  return plan instanceof LinearPlan ? project([plan], { residual: x })[0] : undefined;
}

function takesSum(x: Tensor): boolean {
  const plan = planOf(x);
  return plan instanceof LinearPlan || plan instanceof MixturePlan;
}

/** activation(a) ⊙ b of two linear layers of one input, as one. */
export function lazyProduct(a: Tensor, b: Tensor): Tensor | undefined {
  const [gate, up] = isActivated(a) ? [planOf(a), planOf(b)] : [planOf(b), planOf(a)];
  if (!(gate instanceof LinearPlan && up instanceof LinearPlan) || !fusesDispatches()) return undefined;
  const isPair =
    up.activation === 'none' &&
    up.isLike(gate) &&
    isSame(gate.sources[0], up.sources[0]) &&
    tf.util.arraysEqual(a.shape, b.shape);
  return isPair ? project([gate, up], { gated: true })[0] : undefined;
}

function isActivated(x: Tensor): boolean {
  const plan = planOf(x);
  return plan instanceof LinearPlan && plan.activation !== 'none';
}
