import type { FormulaContext } from '../../formula/context.js';
import { type Formula, usesAxis } from '../../formula/formula.js';
import { startMoved } from '../context.js';
import { type Linear, linear, plus } from './linear.js';

/** Whether a formula reads the positions of query and key only by their distance: ALiBi, buckets of T5, every second key. */
export function isOfDistance(of: Formula): boolean {
  return usesAxis(of, 'query') && usesAxis(of, 'key') && readsDistance(of);
}

function readsDistance(of: Formula): boolean {
  if (of.kind === 'constant') return true;
  if (of.kind === 'lookup') return of.indices.every(readsDistance);
  const form = linear(of) ?? difference(of);
  if (form) return form.query + form.key === 0;
  return of.kind === 'operator' && of.operands.every(readsDistance);
}

const compare = new Set(['equal', 'notEqual', 'less', 'lessEqual', 'greater', 'greaterEqual']);

/** k ≤ q says something of q − k, though q and k alone do not. */
function difference(of: Formula): Linear | undefined {
  if (of.kind !== 'operator' || !compare.has(of.operator)) return undefined;
  const [a, b] = of.operands.map(linear);
  return a && b && plus(a, b, -1);
}

/**
 * Where a formula of distances has every value that it has for the pairs of `context`, once: a query at the last position
 * with Tq + Tk − 1 keys. What belongs to query t and key k is the value for key k − t + Tq − 1.
 */
export function distancesOf(context: FormulaContext): FormulaContext {
  const { queries, keys, start } = context;
  return { ...context, queries: 1, keys: queries + keys - 1, start: startMoved(start, queries - 1) };
}
