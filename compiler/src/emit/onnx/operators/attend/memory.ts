import type { Value } from '../../builder.js';
import type { Attention } from './attention.js';

/** The state of an attention that grows: keys, where it has any, and values. */
type Role = 'key' | 'value';

/** [B, T, heads, d] → [B, heads, T, d] */
export function headsFirst({ context: { ops } }: Attention, x: Value): Value {
  return ops.transpose(x, [0, 2, 1, 3]);
}

/** Keys or values of earlier rows, [B, G, rows, d]; `undefined` where there are none. `rows`: the new ones [B, T, G, d]. */
export function pastRows({ context, inputs }: Attention, role: Role, rows: Value): Value | undefined {
  if (!inputs.grows) return undefined;
  const shape = [0, 2, 1, 3].map((axis) => rows.shape[axis]!);
  const like = { ...rows, shape };
  return context.pass.pastRows(context.builder, `${context.statePath}.${role}`, like, inputs.joined);
}

/** What the next step reads as the past, [B, G, rows, d]. */
export function keepRows({ context, inputs }: Attention, role: Role, rows: () => Value): void {
  if (inputs.grows && context.pass.entry !== 'forward') context.pass.present(`${context.statePath}.${role}`, rows());
}

/** All rows that the queries read: [B, T, G, d] → [B, G, S, d]. */
export function allRows(attention: Attention, role: Role, rows: Value): Value {
  const past = pastRows(attention, role, rows);
  const fresh = headsFirst(attention, rows);
  const all = past ? attention.context.ops.concat([past, fresh], 2) : fresh;
  keepRows(attention, role, () => all);
  return all;
}
