import type { Tensor } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import { f } from '../../formula/builders.js';
import type { FormulaContext } from '../../formula/context.js';
import { type Formula, formulaKey, isStatic, some, usesAxis } from '../../formula/formula.js';
import type { Groups } from '../../formula/groups.js';
import { evaluateStatic } from '../../formula/static.js';
import { once } from '../context.js';
import { takeRows } from '../embedding.js';
import { TableCache } from '../tables.js';
import { attendAtOnce, numbersForPairs } from './at-once.js';
import { conjunctsOf } from './intervals.js';
import type { Attention } from './problem.js';

/**
 * Attention under a mask that splits the positions into groups (the windows of Swin, the columns of a grid): each group as an entry of the
 * batch, so that what is computed is what the mask needs. [B, T, H, d_v]; `undefined` where the mask is no such one, or little is won.
 */
export function attendInGroups(of: Attention, context: FormulaContext): Tensor | undefined {
  const { query, memory } = of;
  if (of.mask.kind === 'constant') return undefined;
  const found = query && memory.key && isWhole(of, context) ? groupsOf(of.mask, context.queries) : undefined;
  if (!found || !query || !memory.key) return undefined;
  const { groups, mask } = found;
  const { rows, places } = groups;
  const { batch } = context;
  const own: FormulaContext = { ...context, batch: batch * places.length, queries: rows, keys: rows, groups };
  if (!numbersForPairs({ ...of, mask }, own).fused) return undefined;
  const [key, value] = [inGroups(memory.key, groups, context), inGroups(memory.value, groups, context)];
  const problem: Attention = {
    ...{ ...of, mask, query: inGroups(query, groups, context) },
    memory: { ...memory, key, value, rows, forProducts: never },
  };
  return inOrder(attendAtOnce(problem, own), groups, context);
}

/** Kernels alone know rows behind the end of a group. */
function never(): never {
  throw new Error('groups are for kernels');
}

/** All queries and keys, from the first on, and nothing that belongs to entries of the batch. */
function isWhole(
  { memory, mask, scores, dropout }: Attention,
  { queries, keys, start, scope }: FormulaContext,
): boolean {
  if (queries !== keys || queries < 2 || memory.headsFirst || dropout || scope?.recording) return false;
  const ofBatch = [mask, ...scores].some((each) => some(each, (part) => part.kind === 'lookup' && part.batched));
  return !ofBatch && start.read() === 0;
}

interface Found {
  readonly groups: Groups;
  /** What else the mask says. */
  readonly mask: Formula;
}

/** The groups that a mask makes by equalities of one function of query and key, where they are small enough to be worth it. */
function groupsOf(mask: Formula, positions: number): Found | undefined {
  const conjuncts = conjunctsOf(mask);
  const classes = conjuncts.flatMap((part) => classOf(part) ?? []);
  if (classes.length === 0) return undefined;
  const key = `${classes.map(formulaKey).join()} ${positions}`;
  const groups = known.get(key, () => makeGroups(key, classes, positions));
  const isWorthIt = groups.places.length * groups.rows ** 2 <= positions ** 2 / 2;
  return isWorthIt ? { groups, mask: f.and(...conjuncts.filter((part) => !classOf(part))) } : undefined;
}

const known = new TableCache<Groups>(1_000_000);

/** c(q) of the mask c(q) == c(k). */
function classOf(of: Formula): Formula | undefined {
  if (of.kind !== 'operator' || of.operator !== 'equal' || !isStatic(of)) return undefined;
  const [a, b] = of.operands as readonly [Formula, Formula];
  const [own, other] = usesAxis(a, 'query') ? [a, b] : [b, a];
  const isOfQuery = usesAxis(own, 'query') && !usesAxis(own, 'key') && !usesAxis(own, 'head');
  return isOfQuery && formulaKey(ofKey(own)) === formulaKey(other) ? own : undefined;
}

function ofKey(of: Formula): Formula {
  if (of.kind === 'operator') return { ...of, operands: of.operands.map(ofKey) };
  return of.kind === 'axis' ? { kind: 'axis', axis: 'key' } : of;
}

function makeGroups(key: string, classes: readonly Formula[], positions: number): Groups {
  const all = Int32Array.from({ length: positions }, (_, p) => p);
  const values = classes.map((each) => evaluateStatic(each, { heads: 1, queries: all, keys: [0] }).values);
  const members = new Map<string, number[]>();
  for (const p of all) {
    const name = values.map((of) => of[p]).join();
    const group = members.get(name) ?? [];
    members.set(name, group);
    group.push(p);
  }
  const places = [...members.values()].map((group) => Int32Array.from(group));
  const rows = Math.max(...places.map(({ length }) => length));
  const areInOrder = places.every((group, g) => group.length === rows && group.every((p, t) => p === g * rows + t));
  return { key, places, rows, areInOrder, length: positions };
}

/** [B, T, H, d] → [B · groups, rows, H, d]. */
function inGroups(x: Tensor, groups: Groups, { batch, scope }: FormulaContext): Tensor {
  const { key, places, rows, areInOrder } = groups;
  const [, positions = 1, heads = 1, width = 1] = x.shape;
  const shape = [batch * places.length, rows, heads, width];
  if (areInOrder) return tf.reshape(x, shape);
  const ids = once(scope, `into groups ${batch} ${key}`, () => {
    const all = new Int32Array(batch * places.length * rows);
    let at = 0;
    for (let b = 0; b < batch; b++)
      for (const group of places)
        for (let t = 0; t < rows; t++) all[at++] = b * positions + group[Math.min(t, group.length - 1)]!;
    return tf.tensor1d(all, 'int32');
  });
  return tf.reshape(takeRows(tf.reshape(x, [batch * positions, heads * width]), ids), shape);
}

/** [B · groups, rows, H, d] → [B, T, H, d]. */
function inOrder(x: Tensor, groups: Groups, { batch, queries, scope }: FormulaContext): Tensor {
  const { key, places, rows, areInOrder } = groups;
  const [entries = 1, , heads = 1, width = 1] = x.shape;
  const shape = [batch, queries, heads, width];
  if (areInOrder) return tf.reshape(x, shape);
  const ids = once(scope, `out of groups ${batch} ${key}`, () => {
    const all = new Int32Array(batch * queries);
    for (let b = 0; b < batch; b++)
      for (const [g, group] of places.entries())
        for (const [t, p] of group.entries()) all[b * queries + p] = (b * places.length + g) * rows + t;
    return tf.tensor1d(all, 'int32');
  });
  return tf.reshape(takeRows(tf.reshape(x, [entries * rows, heads * width]), ids), shape);
}
