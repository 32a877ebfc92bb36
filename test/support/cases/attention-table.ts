import type { Tensor } from '@tensorflow/tfjs';
import { type AttendOptions, causal, type Formula, f } from '../../../runtime/src/index.js';
import { type Nd, nd } from '../reference/array.js';
import type { PairAt, ScoreReference } from '../reference/attention-gradient.js';
import { normal } from './case.js';

interface Sizes {
  readonly batch: number;
  readonly queries: number;
  readonly keys: number;
  readonly heads: number;
  readonly keyHeads: number;
  readonly width: number;
  readonly valueWidth: number;
}

/** A mask as the operator and as the reference have it. */
interface Mask {
  readonly mask: Formula;
  readonly seen: (pair: PairAt) => boolean;
}

/** What becomes of the scores, and the tables that are learned with it. */
interface Score {
  readonly score: (...tables: Tensor[]) => Formula | readonly Formula[];
  readonly reference: (...tables: Nd[]) => ScoreReference;
  readonly tables: (sizes: Sizes) => readonly Nd[];
}

export interface TableCase {
  readonly name: string;
  readonly sizes: Sizes;
  /** Position of the first query. */
  readonly start: number;
  readonly mask: Mask | undefined;
  readonly score: Score | undefined;
  readonly scale: number | undefined;
  /** [H] */
  readonly sinks: Nd | undefined;
  /** Rate, in training. */
  readonly drop: number;
}

const and = (a: Mask, b: Mask): Mask => ({ mask: f.and(a.mask, b.mask), seen: (pair) => a.seen(pair) && b.seen(pair) });
const isCausal: Mask = { mask: causal, seen: ({ q, k }) => k <= q };
const within = (size: number): Mask => ({
  mask: f.mask(({ q, k }) => f.less(f.subtract(q, k), size)),
  seen: ({ q, k }) => q - k < size,
});
const windowed = (size: number): Mask => and(isCausal, within(size));
const before: Mask = { mask: f.mask(({ q, k }) => f.less(k, f.subtract(q, 1))), seen: ({ q, k }) => k < q - 1 };
const prefixed = (size: number): Mask => ({
  mask: f.mask(({ q, k }) => f.or(f.less(k, size), f.lessEqual(k, q))),
  seen: ({ q, k }) => k < size || k <= q,
});
/** By distance, not the same in all heads. */
const dilated: Mask = and(isCausal, {
  mask: f.mask(({ q, k, head }) => f.or(f.equal(head, 0), f.equal(f.modulo(f.subtract(q, k), 3), 0))),
  seen: ({ q, k, head }) => head === 0 || (q - k) % 3 === 0,
});
/** Rows of a grid 5 wide (DALL·E's row attention). */
const sameRow: Mask = and(isCausal, {
  mask: f.mask(({ q, k }) => f.equal(f.floor(f.divide(q, 5)), f.floor(f.divide(k, 5)))),
  seen: ({ q, k }) => Math.floor(q / 5) === Math.floor(k / 5),
});
const behind: Mask = { mask: f.mask(({ q, k }) => f.greater(k, q)), seen: ({ q, k }) => k > q };
const own: Mask = { mask: f.mask(({ q, k }) => f.equal(q, k)), seen: ({ q, k }) => q === k };
const first: Mask = { mask: f.mask(({ k }) => f.less(k, 3)), seen: ({ k }) => k < 3 };
/** Every second key of what a causal mask shows. */
const half: Mask = { mask: f.mask(({ q, k }) => f.lessEqual(f.multiply(2, k), q)), seen: ({ q, k }) => 2 * k <= q };
/** Queries from the fourth on see nothing. */
const early: Mask = { mask: f.mask(({ q }) => f.less(q, 3)), seen: ({ q }) => q < 3 };
const none: Mask = { mask: f.constant(false), seen: () => false };

const noTables = () => [];
const capped = (at: number): Score => ({
  score: () => f.score(({ s }) => f.multiply(at, f.tanh(f.divide(s, at)))),
  reference: () => ({ value: (s) => at * Math.tanh(s / at), slope: (s) => 1 - Math.tanh(s / at) ** 2 }),
  tables: noTables,
});
const distance: Score = {
  score: () =>
    f.score(({ s, q, k, head }) => f.add(s, f.multiply(f.power(2, f.negate(f.add(head, 1))), f.subtract(k, q)))),
  reference: () => ({ value: (s, { q, k, head }) => s + 2 ** -(head + 1) * (k - q), slope: () => 1 }),
  tables: noTables,
};
const buckets = 9;
const bucketOf = (of: number) => Math.min(Math.max(of + 5, 0), buckets - 1);
/** T5: near distances each, far ones together, by head. */
const relative: Score = {
  score: (table) =>
    f.score(({ s, q, k, head }) =>
      f.add(s, f.lookup(table!, [f.clamp(f.add(f.subtract(k, q), 5), 0, buckets - 1), head])),
    ),
  reference: (table) => {
    const heads = table!.shape[1]!;
    const at = ({ q, k, head }: PairAt) => bucketOf(k - q) * heads + head;
    return {
      value: (s, pair) => s + table!.data[at(pair)]!,
      slope: () => 1,
      reads: (pair) => [{ table: 0, at: at(pair) }],
    };
  },
  tables: ({ heads }) => [normal([buckets, heads], 8)],
};
/** A cap, then a number for each key, −∞ for some. */
const cappedThenKeys: Score = {
  score: (table) => [
    f.score(({ s }) => f.multiply(2, f.tanh(f.divide(s, 2)))),
    f.score(({ s, k }) => f.add(s, f.lookup(table!, [k]))),
  ],
  reference: (table) => ({
    value: (s, { k }) => 2 * Math.tanh(s / 2) + table!.data[k]!,
    slope: (s) => 1 - Math.tanh(s / 2) ** 2,
    reads: ({ k }) => [{ table: 0, at: k }],
  }),
  tables: ({ keys }) => [
    nd(
      [keys],
      normal([keys], 8).data.map((x, k) => (k % 4 === 1 ? -Infinity : x)),
    ),
  ],
};
/** A number for each pair, of its own in each entry of the batch: an additive mask that a user passes. */
const pairs: Score = {
  score: (table) => f.score(({ s, q, k }) => f.add(s, f.lookup(table!, [q, k], { batched: true }))),
  reference: (table) => {
    const [, rows, keys] = table!.shape as [number, number, number];
    const at = ({ batch, q, k }: PairAt) => (batch * rows + q) * keys + k;
    return {
      value: (s, pair) => s + table!.data[at(pair)]!,
      slope: () => 1,
      reads: (pair) => [{ table: 0, at: at(pair) }],
    };
  },
  tables: ({ batch, queries, keys }) => [normal([batch, queries, keys], 8)],
};
/** No kernel knows it: each head's own factor. */
const factors: Score = {
  score: (table) => f.score(({ s, head }) => f.multiply(s, f.lookup(table!, [head]))),
  reference: (table) => ({
    value: (s, { head }) => s * table!.data[head]!,
    slope: (_, { head }) => table!.data[head]!,
    reads: ({ head }, s) => [{ table: 0, at: head, by: s }],
  }),
  tables: ({ heads }) => [normal([heads], 8)],
};

const base: Sizes = { batch: 1, queries: 9, keys: 9, heads: 2, keyHeads: 2, width: 8, valueWidth: 8 };

type Given = Partial<Omit<TableCase, 'name' | 'sizes'>> & Partial<Sizes>;

function tableCase(name: string, { start, mask, score, scale, sinks, drop, ...sizes }: Given): TableCase {
  const queries = sizes.queries ?? base.queries;
  const all = { ...base, keys: Math.max(queries, base.keys), valueWidth: sizes.width ?? base.valueWidth, ...sizes };
  const keyHeads = sizes.keyHeads ?? sizes.heads ?? base.keyHeads;
  return {
    name: `${name}: ${Object.values({ ...all, keyHeads }).join(' ')}`,
    sizes: { ...all, keyHeads },
    ...{ start: start ?? 0, mask, score, scale, sinks, drop: drop ?? 0 },
  };
}

const sinksOf = (heads: number) =>
  nd(
    [heads],
    normal([heads], 7).data.map((x, head) => (head === 1 ? -Infinity : x)),
  );

const masks = {
  ...{ windowed: windowed(3), wide: windowed(33), prefixed: prefixed(4), dilated, sameRow },
  ...{ before, behind, own, first, half, early, none },
};
const scores = { capped: capped(3), distance, relative, cappedThenKeys };

/** Sizes that are no multiple of any tile, head widths, groups, windows, offsets, scores; the order of sizes is B Tq Tk H G d e. */
export const attentionTable: readonly TableCase[] = [
  ...[1, 3, 5, 7, 9, 12, 16, 20, 31, 33, 40, 48, 64, 72, 80, 96, 100, 112, 127, 128, 160, 192, 255, 256].flatMap(
    (width) => [1, 9].map((queries) => tableCase('width', { width, queries, start: 9 - queries, mask: isCausal })),
  ),
  ...[
    [8, 1],
    [8, 3],
    [5, 8],
    [64, 100],
    [33, 256],
    [256, 4],
    [1, 40],
  ].flatMap(([width, valueWidth]) =>
    [2, 9].map((queries) => tableCase('d_k ≠ d_v', { width: width!, valueWidth: valueWidth!, queries, batch: 2 })),
  ),
  ...[1, 2, 3, 4, 5, 7, 8, 15, 16, 17, 31, 32, 33, 47, 63, 64, 65, 97, 130].map((queries) =>
    tableCase('length', { queries, keys: queries, batch: 2, mask: isCausal }),
  ),
  ...[
    [1, 1],
    [1, 63],
    [1, 64],
    [1, 65],
    [1, 200],
    [3, 129],
    [4, 64],
    [5, 1],
    [6, 100],
    [40, 3],
    [33, 1],
    [65, 31],
  ].map(([queries, keys]) => tableCase('queries ≠ keys', { queries: queries!, keys: keys!, batch: 2 })),
  ...[
    [8, 1],
    [6, 2],
    [3, 1],
    [12, 4],
    [16, 2],
    [40, 2],
  ].flatMap(([heads, keyHeads]) =>
    [1, 2, 5, 9].map((queries) =>
      tableCase('groups', {
        heads: heads!,
        keyHeads: keyHeads!,
        queries,
        batch: 2,
        start: 9 - queries,
        mask: isCausal,
      }),
    ),
  ),
  ...[1, 2, 7].map((queries) =>
    tableCase('past 4,096 keys', {
      queries,
      keys: 4200,
      heads: 2,
      keyHeads: 1,
      width: 16,
      start: 4200 - queries,
      mask: isCausal,
    }),
  ),
  ...[1, 2, 5, 32, 33, 64, 100].flatMap((size) => [
    tableCase(`window ${size}`, { queries: 110, keys: 110, heads: 1, mask: windowed(size) }),
    tableCase(`window ${size}, offset`, { queries: 2, keys: 110, start: 108, mask: windowed(size) }),
  ]),
  ...Object.entries(masks).flatMap(([name, mask]) =>
    [1, 9, 40].map((queries) =>
      tableCase(`mask ${name}`, { queries, keys: 40, batch: 2, heads: 4, keyHeads: 2, mask }),
    ),
  ),
  ...Object.entries(scores).flatMap(([name, score]) => [
    ...[1, 9, 40].map((queries) =>
      tableCase(`score ${name}`, {
        queries,
        keys: 40,
        start: 40 - queries,
        heads: 4,
        keyHeads: 2,
        mask: isCausal,
        score,
      }),
    ),
    tableCase(`score ${name} and a window`, {
      queries: 37,
      keys: 37,
      batch: 2,
      mask: masks.windowed,
      score,
      width: 20,
    }),
    tableCase(`score ${name} and sinks`, { queries: 12, keys: 19, start: 3, mask: before, score, sinks: sinksOf(2) }),
    tableCase(`score ${name}, dilated`, { queries: 23, keys: 23, heads: 3, mask: dilated, score, valueWidth: 12 }),
  ]),
  ...[1, 9, 34].flatMap((queries) => [
    tableCase('pairs', { queries, keys: 34, batch: 2, heads: 4, keyHeads: 1, score: pairs }),
    tableCase('pairs behind a window', { queries, keys: 34, batch: 2, mask: masks.windowed, score: pairs }),
    tableCase('sinks', { queries, keys: 34, heads: 4, mask: before, sinks: sinksOf(4) }),
    tableCase('factors by head, composed', { queries, keys: 12, score: factors, mask: isCausal }),
    tableCase('factors, sinks of −∞, composed', { queries, keys: 12, score: factors, mask: before, sinks: sinksOf(2) }),
    tableCase('scale below 0', { queries, scale: -0.5, mask: isCausal }),
    tableCase('scale 0', { queries, scale: 0, mask: isCausal }),
    tableCase('dropout', {
      queries,
      keys: 34,
      heads: 4,
      keyHeads: 2,
      batch: 2,
      mask: isCausal,
      start: 34 - queries,
      drop: 0.3,
    }),
    tableCase('dropout and a table', {
      queries,
      keys: 34,
      start: 34 - queries,
      mask: isCausal,
      score: relative,
      drop: 0.5,
    }),
  ]),
  tableCase('dropout, sinks, a cap', {
    queries: 41,
    keys: 41,
    heads: 2,
    mask: before,
    score: scores.capped,
    sinks: sinksOf(2),
    drop: 0.25,
  }),
];

/** The options of `attend` but for sinks, which are learned. */
export function optionsOf({ mask, score, scale, drop }: TableCase, tables: readonly Tensor[]): AttendOptions {
  return {
    ...(mask ? { mask: mask.mask } : {}),
    ...(score ? { score: score.score(...tables) } : {}),
    ...{ scale, drop, grows: true },
  };
}
