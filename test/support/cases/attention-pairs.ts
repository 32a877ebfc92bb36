import { type Formula, f } from '../../../runtime/src/index.js';
import type { PairAt } from '../reference/attention-gradient.js';

/** Text of five tokens, then a grid six wide, as DALL·E's sequences are. */
const text = 5;
const columns = 6;

const { floor, divide, modulo, add, subtract, equal, and, or, multiply, lessEqual, less, abs, maximum } = f;
const rowOf = (at: Formula) => floor(divide(subtract(at, text), columns));
const columnOf = (at: Formula) => modulo(subtract(at, text), columns);
const row = (at: number) => Math.floor((at - text) / columns);
const column = (at: number) => (((at - text) % columns) + columns) % columns;

/** What nearness on the grid adds to a score. */
export const nearness = {
  score: () =>
    f.score(({ s, q, k }) => {
      const apart = (of: (at: Formula) => Formula) => abs(subtract(of(q), of(k)));
      return subtract(s, divide(maximum(apart(rowOf), apart(columnOf)), 7));
    }),
  reference: () => ({
    value: (s: number, { q, k }: PairAt) =>
      s - Math.max(Math.abs(row(q) - row(k)), Math.abs(column(q) - column(k))) / 7,
    slope: () => 1,
  }),
  tables: () => [],
};

interface PairMask {
  readonly mask: Formula;
  readonly seen: (pair: PairAt) => boolean;
}

/** Masks that leave neither an interval of keys nor say something of distance alone. */
const pairMasks = {
  row: {
    mask: f.mask(({ q, k }) => or(less(k, text), equal(rowOf(q), rowOf(k)))),
    seen: ({ q, k }) => k < text || row(q) === row(k),
  },
  column: {
    mask: f.mask(({ q, k }) => or(less(k, text), equal(columnOf(q), columnOf(k)))),
    seen: ({ q, k }) => k < text || column(q) === column(k),
  },
  neighbours: {
    mask: f.mask(({ q, k }) => {
      const apart = (of: (at: Formula) => Formula) => abs(subtract(of(q), of(k)));
      return or(less(k, text), lessEqual(maximum(apart(rowOf), apart(columnOf)), 1.5));
    }),
    seen: ({ q, k }) => k < text || Math.max(Math.abs(row(q) - row(k)), Math.abs(column(q) - column(k))) <= 1,
  },
  'a dilated window, and blocks': {
    mask: f.mask(({ q, k }) => {
      const apart = subtract(q, k);
      const dilated = and(equal(modulo(apart, 3), 0), lessEqual(apart, 12));
      return or(dilated, equal(floor(divide(q, 7)), floor(divide(k, 7))));
    }),
    seen: ({ q, k }) => ((q - k) % 3 === 0 && q - k <= 12) || Math.floor(q / 7) === Math.floor(k / 7),
  },
  'a prefix, and two conditions by parity': {
    mask: f.mask(({ q, k }) =>
      or(less(k, 3), f.if(equal(modulo(q, 2), 0), lessEqual(k, q), less(add(multiply(2, k), q), 70))),
    ),
    seen: ({ q, k }) => k < 3 || (q % 2 === 0 ? k <= q : 2 * k + q < 70),
  },
  none: {
    mask: f.mask(({ q, k }) => and(equal(modulo(q, 2), modulo(k, 2)), equal(modulo(add(q, 1), 2), modulo(k, 2)))),
    seen: () => false,
  },
} satisfies Record<string, PairMask>;

/** Head i has mask i: one shader for all of them. */
export const maskByHead: PairMask = {
  mask: f.mask(({ head }) =>
    Object.values(pairMasks).reduceRight<Formula>(
      (others, { mask }, i) => f.if(equal(head, i), mask, others),
      f.constant(false),
    ),
  ),
  seen: (pair) => Object.values(pairMasks)[pair.head]!.seen(pair),
};
