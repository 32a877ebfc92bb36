import type { Tensor } from '@tensorflow/tfjs';
import type { CacheRows } from '../kernels/cache.js';
import { turnHeads } from '../kernels/turn-heads.js';
import { LinearPlan, project, RotaryPlan } from './plans.js';
import { isSame, numbersOf, Pending, pendingOf, planOf, type Source } from './tensor.js';

/** Computes the linear layers behind queries, keys and values: those of one input as one kernel. */
export function projectHeads(heads: readonly (Tensor | undefined)[]): void {
  const groups: { readonly source: Source; readonly plans: Map<Pending, LinearPlan> }[] = [];
  for (const head of heads) {
    const pending = head && linearBehind(pendingOf(head));
    if (!(pending?.plan instanceof LinearPlan)) continue;
    const { plan } = pending;
    const [source] = plan.sources;
    const group = groups.find((of) => isSame(of.source, source) && agree([...of.plans.values(), plan]));
    if (group) group.plans.set(pending, plan);
    else groups.push({ source, plans: new Map([[pending, plan]]) });
  }
  for (const { plans } of groups) {
    const values = project([...plans.values()]);
    for (const [i, pending] of [...plans.keys()].entries()) pending.settle(values[i]!);
  }
}

function agree(plans: readonly LinearPlan[]): boolean {
  return plans.every((plan) => plan.activation === plans[0]!.activation && plan.isLike(plans[0]!));
}

/** The linear layer that a value is computed from, through views, norms of heads and rotations. */
function linearBehind(pending: Pending | undefined): Pending | undefined {
  if (!pending?.plan || pending.plan instanceof LinearPlan) return pending;
  const [source] = pending.plan.sources;
  return source instanceof Pending ? linearBehind(source) : undefined;
}

/**
 * Turns queries and keys that stand at the same positions, and writes keys and values into their cache where there is one,
 * all in one kernel. @returns False where nothing was done, because they are no such pair.
 */
export function turnTogether(
  query: Tensor,
  key: Tensor,
  value: Tensor,
  findRows: () => CacheRows | undefined,
): boolean {
  const [queryPlan, keyPlan] = [planOf(query), planOf(key)];
  if (!(queryPlan instanceof RotaryPlan && keyPlan instanceof RotaryPlan)) return false;
  const { turning } = keyPlan;
  const isOne = queryPlan.turning.pairs === turning.pairs && isSame(queryPlan.turning.cos, turning.cos);
  if (!isOne) return false;
  const rows = findRows();
  const turned = turnHeads({
    query: numbersOf(queryPlan.sources[0]),
    key: numbersOf(keyPlan.sources[0]),
    ...turning,
    stored: rows && { ...rows, value },
  });
  if (!turned) return false;
  pendingOf(query)!.settle(turned.query);
  pendingOf(key)!.settle(turned.key);
  return true;
}
