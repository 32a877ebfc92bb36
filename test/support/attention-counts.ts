import type { Tensor } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import { type AttendOptions, attend, causal, type Formula, f } from '../../runtime/src/index.js';
import { normal } from './cases/case.js';

/** One attention under a mask that hides much. */
export interface CountedCase {
  readonly name: string;
  readonly queries: number;
  readonly keys: number;
  readonly seen: (q: number, k: number) => boolean;
  readonly options: AttendOptions;
}

const window = (size: number): AttendOptions['mask'] =>
  f.and(
    causal,
    f.mask(({ q, k }) => f.less(f.subtract(q, k), size)),
  );

/** Features: whole vectors and tiles on every backend. */
export const heads = 2;
export const width = 16;

export const countedCases: readonly CountedCase[] = [
  { name: 'causal', queries: 256, keys: 256, seen: (q, k) => k <= q, options: { mask: causal } },
  {
    name: 'a window of 64',
    queries: 256,
    keys: 256,
    seen: (q, k) => k <= q && q - k < 64,
    options: { mask: window(64) },
  },
  {
    name: 'causal behind 320 keys',
    queries: 64,
    keys: 384,
    seen: (q, k) => k <= q + 320,
    options: { mask: f.mask(({ q, k }) => f.lessEqual(k, f.add(q, 320))) },
  },
];

const grid = 16;
const apart = (of: (at: number) => number, q: number, k: number) => Math.abs(of(q) - of(k));
const rowOf = (at: number) => Math.floor(at / grid);
const columnOf = (at: number) => at % grid;

/** DALL·E's neighbourhood on a grid, behind no text: two of its rows are a tile. */
export const gridCase: CountedCase = {
  name: 'neighbours on a grid',
  queries: 256,
  keys: 256,
  seen: (q, k) => k <= q && Math.max(apart(rowOf, q, k), apart(columnOf, q, k)) <= 3,
  options: {
    mask: f.mask(({ q, k }) => {
      const between = (of: (at: Formula) => Formula) => f.abs(f.subtract(of(q), of(k)));
      const rows = between((at) => f.floor(f.divide(at, grid)));
      return f.and(
        causal,
        f.lessEqual(
          f.maximum(
            rows,
            between((at) => f.modulo(at, grid)),
          ),
          3,
        ),
      );
    }),
  },
};

/** The first and the last keys: between them no split of the keys has one that is seen. */
export const decodeEndsCase: CountedCase = {
  name: 'one query that sees keys at both ends',
  queries: 1,
  keys: 2048,
  seen: (_, k) => k < 20 || k > 2000,
  options: { mask: f.mask(({ k }) => f.or(f.less(k, 20), f.greater(k, 2000))) },
};

export const decodeCase: CountedCase = {
  name: 'one query with a window of 256',
  queries: 1,
  keys: 2048,
  seen: (_, k) => k >= 1792,
  options: { mask: f.mask(({ k }) => f.greaterEqual(k, 1792)) },
};

/** Pairs of query and key in the blocks of this size that have one that is seen, for one head. */
export function pairsNeeded({ queries, keys, seen }: CountedCase, rows: number, columns: number): number {
  let pairs = 0;
  for (let q0 = 0; q0 < queries; q0 += rows)
    for (let k0 = 0; k0 < keys; k0 += columns) {
      const [q1, k1] = [Math.min(q0 + rows, queries), Math.min(k0 + columns, keys)];
      let isSeen = false;
      for (let q = q0; q < q1 && !isSeen; q++) for (let k = k0; k < k1 && !isSeen; k++) isSeen = seen(q, k);
      if (isSeen) pairs += (q1 - q0) * (k1 - k0);
    }
  return pairs;
}

/** The result, or with it the gradients of query, key and value. */
export function run({ queries, keys, options }: CountedCase, backward: boolean): Tensor[] {
  const inputs = [queries, keys, keys].map((rows, i) => {
    const { shape, data } = normal([1, rows, heads, width], i + 1);
    return tf.tensor(Float32Array.from(data), [...shape]);
  });
  const forward = (...[q, k, v]: Tensor[]) => attend(q!, k!, v!, options);
  const results = tf.tidy(() => (backward ? tf.grads((...x) => tf.sum(forward(...x)))(inputs) : [forward(...inputs)]));
  tf.dispose(inputs);
  return results;
}
