import type { Tensor } from '@tensorflow/tfjs';
import { type AttendOptions, attend, causal, f } from '../../../runtime/src/index.js';
import { get, map, type Nd, nd } from '../reference/array.js';
import { type AttentionReference, attention } from '../reference/attention.js';
import { normal, type OperatorCase } from './case.js';
import { scopeAt } from './scope.js';

interface Sizes {
  readonly batch?: number;
  readonly queries?: number;
  readonly keys?: number;
  readonly heads?: number;
  readonly keyHeads?: number;
  readonly width?: number;
  readonly valueWidth?: number;
}

/** q, k and v of the given sizes. */
function inputs({
  batch = 2,
  queries = 5,
  keys = queries,
  heads = 2,
  keyHeads = heads,
  width = 4,
  valueWidth = width,
}: Sizes): Nd[] {
  return [
    normal([batch, queries, heads, width], 1),
    normal([batch, keys, keyHeads, width], 2),
    normal([batch, keys, keyHeads, valueWidth], 3),
  ];
}

interface AttentionCase extends Partial<Pick<OperatorCase, 'inputs' | 'gradient' | 'large' | 'tolerance' | 'dtypes'>> {
  readonly sizes?: Sizes;
  readonly options?: AttendOptions | ((...more: Tensor[]) => AttendOptions);
  readonly expected?: AttentionReference | ((...more: Nd[]) => AttentionReference);
  /** Tensors that the options read: tables, sinks, presence. */
  readonly more?: readonly Nd[];
  readonly position?: number;
}

function attentionCase(name: string, of: AttentionCase): OperatorCase {
  const { options = {}, expected = {}, more = [], position } = of;
  const scope = position === undefined ? undefined : scopeAt(position);
  const first = of.inputs ?? inputs(of.sizes ?? {});
  const dtypes = Object.fromEntries(Object.entries(of.dtypes ?? {}).map(([i, dtype]) => [Number(i) + 3, dtype]));
  return {
    name: `attend: ${name}`,
    inputs: [...first, ...more],
    dtypes,
    run: (q, k, v, ...rest) => {
      const given = typeof options === 'function' ? options(...rest) : options;
      return attend(q!, k!, v!, scope ? { ...given, grows: true } : given, scope);
    },
    reference: (q, k, v, ...rest) => {
      const given = typeof expected === 'function' ? expected(...rest) : expected;
      return attention(q!, k!, v!, { ...given, start: position ?? 0 });
    },
    gradient: of.gradient ?? true,
    ...(of.large ? { large: true } : {}),
    ...(of.tolerance ? { tolerance: of.tolerance } : {}),
  };
}

const isCausal = ({ q, k }: { q: number; k: number }) => k <= q;
const whole = (x: Nd, size: number): Nd => map(x, (value) => Math.round(value * size));
const hugeInputs = inputs({ width: 4 }).map((x, i) => (i < 2 ? whole(x, 50) : x));
/** T5's buckets in small: near distances each, far ones together. */
const bucket = (distance: number) => Math.min(Math.max(distance + 3, 0), 5);

export const attentionCases: readonly OperatorCase[] = [
  attentionCase('all keys', {}),
  attentionCase('one token', { sizes: { batch: 1, queries: 1, heads: 1, width: 1 } }),
  attentionCase('no keys', { sizes: { queries: 2, keys: 0 }, options: { mask: causal }, gradient: false }),
  attentionCase('no queries', { sizes: { queries: 0, keys: 3 }, options: { mask: causal }, gradient: false }),
  attentionCase('causal', { options: { mask: causal }, expected: { mask: isCausal } }),
  attentionCase('odd sizes, d_v ≠ d_k', {
    sizes: { batch: 3, queries: 7, heads: 3, width: 5, valueWidth: 2 },
    options: { mask: causal },
    expected: { mask: isCausal },
  }),
  attentionCase('grouped queries, 6 heads on 2', {
    sizes: { heads: 6, keyHeads: 2, queries: 4 },
    options: { mask: causal },
    expected: { mask: isCausal },
  }),
  attentionCase('one key head, queries and keys of different lengths', {
    sizes: { heads: 3, keyHeads: 1, queries: 3, keys: 8, valueWidth: 3 },
  }),
  attentionCase('scale 1', { options: { scale: 1 }, expected: { scale: 1 } }),
  attentionCase('at position 4, reading keys before it', {
    sizes: { queries: 3, keys: 7 },
    options: { mask: causal },
    expected: { mask: isCausal },
    position: 4,
  }),
  attentionCase('window of 2', {
    options: {
      mask: f.and(
        causal,
        f.mask(({ q, k }) => f.less(f.subtract(q, k), 2)),
      ),
    },
    expected: { mask: ({ q, k }) => k <= q && q - k < 2 },
  }),
  attentionCase('rows that see no key', {
    options: { mask: f.mask(({ q, k }) => f.less(k, f.subtract(q, 2))) },
    expected: { mask: ({ q, k }) => k < q - 2 },
  }),
  attentionCase('no row sees a key', { options: { mask: false }, expected: { mask: () => false } }),
  attentionCase('a mask by head', {
    options: { mask: f.mask(({ q, k, head }) => f.or(f.lessEqual(k, q), f.equal(head, 1))) },
    expected: { mask: ({ q, k, head }) => k <= q || head === 1 },
  }),
  attentionCase('present keys, none in one row of the batch', {
    more: [nd([2, 5], [1, 1, 0, 1, 0, 0, 0, 0, 0, 0])],
    dtypes: { 0: 'bool' },
    options: (present) => ({ mask: f.mask(({ k }) => f.lookup(present!, [k], { batched: true })) }),
    expected: (present) => ({ mask: ({ batch, k }) => get(present!, batch, k) === 1 }),
  }),
  attentionCase('causal and present', {
    more: [nd([2, 5], [0, 1, 1, 1, 0, 1, 0, 1, 1, 1])],
    dtypes: { 0: 'bool' },
    options: (present) => ({
      mask: f.and(
        causal,
        f.mask(({ k, q }) => f.and(f.lookup(present!, [k], { batched: true }), f.less(q, 4))),
      ),
    }),
    expected: (present) => ({ mask: ({ batch, q, k }) => k <= q && get(present!, batch, k) === 1 && q < 4 }),
  }),
  attentionCase('sinks', {
    more: [normal([2], 7)],
    options: (sinks) => ({ sinks: sinks!, mask: causal }),
    expected: (sinks) => ({ sinks, mask: isCausal }),
  }),
  attentionCase('sinks and rows that see no key', {
    more: [normal([2], 7)],
    options: (sinks) => ({ sinks: sinks!, mask: f.mask(({ q, k }) => f.less(k, q)) }),
    expected: (sinks) => ({ sinks, mask: ({ q, k }) => k < q }),
  }),
  attentionCase('linear distance bias by head (ALiBi)', {
    options: {
      mask: causal,
      score: f.score(({ s, q, k, head }) =>
        f.add(s, f.multiply(f.power(2, f.negate(f.add(head, 1))), f.subtract(k, q))),
      ),
    },
    expected: { mask: isCausal, score: (s, { q, k, head }) => s + 2 ** -(head + 1) * (k - q) },
  }),
  attentionCase('soft cap, then a distance, from left to right', {
    options: {
      score: [
        f.score(({ s }) => f.multiply(2, f.tanh(f.divide(s, 2)))),
        f.score(({ s, q, k }) => f.subtract(s, f.abs(f.subtract(q, k)))),
      ],
    },
    expected: { score: (s, { q, k }) => 2 * Math.tanh(s / 2) - Math.abs(q - k) },
  }),
  attentionCase('−∞ taken from scores that the mask hides', {
    more: [nd([5], [0.5, -Infinity, -0.5, 1, -Infinity])],
    options: (table) => ({
      mask: f.mask(({ k }) => f.and(f.notEqual(k, 1), f.less(k, 4))),
      score: f.score(({ s, k }) => f.subtract(f.maximum(s, -1), f.lookup(table!, [k]))),
    }),
    expected: (table) => ({
      mask: ({ k }) => k !== 1 && k < 4,
      score: (s, { k }) => (k === 1 || k === 4 ? s : Math.max(s, -1) - get(table!, k)),
    }),
    gradient: false, // differences of −∞ are no number
  }),
  attentionCase('a learned table by distance bucket and head (T5)', {
    more: [normal([6, 2], 8)],
    options: (table) => ({
      score: f.score(({ s, q, k, head }) =>
        f.add(s, f.lookup(table!, [f.clamp(f.add(f.subtract(k, q), 3), 0, 5), head])),
      ),
    }),
    expected: (table) => ({ score: (s, { q, k, head }) => s + get(table!, bucket(k - q), head) }),
  }),
  attentionCase('a table by query and key, grouped queries', {
    sizes: { heads: 4, keyHeads: 2, queries: 3 },
    more: [normal([2, 3, 3], 8), normal([4], 9)],
    options: (table, slopes) => ({
      score: f.score(({ s, q, k, head }) =>
        f.add(f.multiply(s, f.lookup(slopes!, [head])), f.lookup(table!, [q, k], { batched: true })),
      ),
    }),
    expected: (table, slopes) => ({
      score: (s, { batch, q, k, head }) => s * get(slopes!, head) + get(table!, batch, q, k),
    }),
  }),
  attentionCase('positions read from a tensor (a permuted table)', {
    more: [nd([5], [4, 2, 0, 1, 3]), normal([9], 4)],
    options: (place, table) => ({
      score: f.score(({ s, q, k }) =>
        f.add(s, f.lookup(table!, [f.add(4, f.subtract(f.lookup(place!, [q]), f.lookup(place!, [k])))])),
      ),
    }),
    expected: (place, table) => ({ score: (s, { q, k }) => s + get(table!, 4 + get(place!, q) - get(place!, k)) }),
    gradient: false, // the reference's indices are not whole under finite differences
  }),
  attentionCase('additive scores v · tanh(query + key)', {
    sizes: { heads: 4, keyHeads: 2, queries: 3, keys: 4, width: 3 },
    more: [normal([3], 8)],
    options: (v) => ({ score: f.score(({ query, key }) => f.dot(f.lookup(v!, []), f.tanh(f.add(query, key)))) }),
    expected: (v) => ({
      score: (_, { query, key }) =>
        Array.from(query).reduce((sum, a, i) => sum + get(v!, i) * Math.tanh(a + key[i]!), 0),
    }),
  }),
  attentionCase('vectors read by distance (Shaw et al.)', {
    sizes: { queries: 3, width: 3 },
    more: [normal([5, 3], 8)],
    options: (table) => ({
      mask: causal,
      score: f.score(({ s, q, k, query }) => f.add(s, f.dot(query, f.lookup(table!, [f.add(f.subtract(k, q), 2)])))),
    }),
    expected: (table) => ({
      mask: isCausal,
      score: (s, { q, k, query }) =>
        s + Array.from(query).reduce((sum, a, i) => sum + a * get(table!, Math.min(Math.max(k - q + 2, 0), 4), i), 0),
    }),
  }),
  attentionCase('vectors of each head, read by distance for the keys (disentangled attention)', {
    sizes: { batch: 2, heads: 2, keyHeads: 2, queries: 3, keys: 4, width: 3 },
    more: [normal([6, 2, 3], 8)],
    options: (table) => ({
      score: f.score(({ s, q, k, head, key }) =>
        f.add(s, f.dot(key, f.lookup(table!, [f.add(f.subtract(q, k), 3), head]))),
      ),
    }),
    expected: (table) => ({
      score: (s, { q, k, head, key }) =>
        s + Array.from(key).reduce((sum, a, i) => sum + a * get(table!, q - k + 3, head, i), 0),
    }),
  }),
  attentionCase('scores of ±10,000', {
    inputs: hugeInputs,
    options: { scale: 1, mask: causal },
    expected: { scale: 1, mask: isCausal },
    gradient: false, // finite differences see steps
  }),
  attentionCase('a score of −∞ hides a key, all of them a row', {
    more: [nd([5], [0, -Infinity, 0, -Infinity, 0])],
    options: (table) => ({
      mask: f.mask(({ q, k }) => f.or(f.lessEqual(k, q), f.constant(false))),
      score: f.score(({ s, k, q }) => f.if(f.equal(q, 2), -Infinity, f.add(s, f.lookup(table!, [k])))),
    }),
    expected: (table) => ({
      mask: isCausal,
      score: (s, { k, q }) => (q === 2 ? -Infinity : s + get(table!, k)),
    }),
    gradient: false,
  }),
  attentionCase('a formula that has no value where the mask hides', {
    options: {
      mask: f.mask(({ q, k }) => f.less(k, q)),
      score: f.score(({ s, q, k }) => f.add(s, f.log(f.subtract(q, k)))),
    },
    expected: { mask: ({ q, k }) => k < q, score: (s, { q, k }) => s + Math.log(q - k) },
  }),
  attentionCase('128 tokens, causal', {
    sizes: { batch: 1, queries: 128, heads: 2, width: 16 },
    options: { mask: causal },
    expected: { mask: isCausal },
    gradient: false,
  }),
  attentionCase('1,000 tokens, window of 100', {
    sizes: { batch: 1, queries: 1000, heads: 1, width: 8 },
    options: { mask: f.mask(({ q, k }) => f.and(f.lessEqual(k, q), f.less(f.subtract(q, k), 100))) },
    expected: { mask: ({ q, k }) => k <= q && q - k < 100 },
    gradient: false,
    large: true,
  }),
];
