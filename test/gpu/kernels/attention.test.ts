import type { Tensor } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { type AttendOptions, attend, causal, type Formula, f, read, useBackend } from '../../../runtime/src/index.js';
import { normal } from '../../support/cases/case.js';
import { scopeAt, TestScope } from '../../support/cases/scope.js';
import { relativeError } from '../../support/compare.js';
import { get, map, type Nd, nd } from '../../support/reference/array.js';
import { type AttentionReference, attention } from '../../support/reference/attention.js';
import { poison, tensor, workOf } from './kit.js';

beforeAll(async () => {
  expect(await useBackend('webgpu')).toBe('webgpu');
});

interface Sizes {
  readonly batch: number;
  readonly queries: number;
  readonly keys: number;
  readonly heads: number;
  readonly keyHeads: number;
  readonly width: number;
  readonly valueWidth: number;
}

const base: Sizes = { batch: 1, queries: 9, keys: 9, heads: 2, keyHeads: 2, width: 8, valueWidth: 8 };
const prefill = ['attention of many queries'];
const decode = ['attention of few queries', 'attention of few queries, all keys together'];

function inputs({ batch, queries, keys, heads, keyHeads, width, valueWidth }: Sizes): [Nd, Nd, Nd] {
  return [
    normal([batch, queries, heads, width], 1),
    normal([batch, keys, keyHeads, width], 2),
    normal([batch, keys, keyHeads, valueWidth], 3),
  ];
}

/** By the kernel for so many queries, or the test fails; the error against the reference in float64. */
async function errorOf(
  sizes: Partial<Sizes>,
  options: AttendOptions = {},
  reference: AttentionReference = {},
  given?: [Nd, Nd, Nd],
): Promise<number> {
  const [q, k, v] = given ?? inputs({ ...base, ...sizes });
  const tensors = [q, k, v].map(tensor) as [Tensor, Tensor, Tensor];
  const expected = attention(q, k, v, reference);
  poison(expected.data.length);
  const scope = scopeAt(reference.start ?? 0);
  const { work, result } = await workOf(() =>
    tf.tidy(() => attend(...tensors, { ...options, grows: reference.start !== undefined }, scope)),
  );
  const own = q.shape[1]! > 4 ? prefill : decode;
  expect(work.dispatches.slice(-own.length)).toEqual(own);
  const error = relativeError(await read(result), expected.data);
  tf.dispose([...tensors, result]);
  return error;
}

const isCausal = ({ q, k }: { q: number; k: number }) => k <= q;
const exact = 2e-5;

describe('sizes', () => {
  // Each is code of its own: rows of vectors or of numbers; within and behind what workgroup memory has at once (32); one to
  // eight columns of values for a thread, their last not full (100, 255); eight, six and four rows in a block (128, 160, 256).
  test.each([1, 3, 4, 8, 9, 33, 64, 80, 100, 128, 160, 255, 256])('heads of %i features', async (width) => {
    for (const queries of [1, 9]) {
      const sizes = { width, queries, valueWidth: width };
      const reference = { mask: isCausal, start: 9 - queries };
      expect(await errorOf(sizes, { mask: causal }, reference), `${queries} queries`).toBeLessThan(exact);
    }
  });

  test.each([
    [8, 3],
    [5, 8],
    [33, 256],
    [256, 4],
  ])('keys of %i features, values of %i', async (width, valueWidth) => {
    for (const queries of [2, 9]) expect(await errorOf({ width, valueWidth, queries })).toBeLessThan(exact);
  });

  test.each([1, 2, 3, 4, 5, 7, 8, 15, 16, 17, 31, 32, 33, 63, 64, 65, 130])(
    '%i queries and keys, causal',
    async (length) => {
      const sizes = { queries: length, keys: length, batch: 2 };
      expect(await errorOf(sizes, { mask: causal }, { mask: isCausal })).toBeLessThan(exact);
    },
  );

  test.each([
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
  ])('%i queries, %i keys', async (queries, keys) => {
    expect(await errorOf({ queries, keys, batch: 2 })).toBeLessThan(exact);
  });

  test.each([
    [8, 1],
    [6, 2],
    [3, 1],
    [12, 4],
    [40, 2],
  ])('%i heads that read %i', async (heads, keyHeads) => {
    for (const queries of [1, 2, 5, 9]) {
      const reference = { mask: isCausal, start: 9 - queries };
      const sizes = { heads, keyHeads, queries, batch: 2 };
      expect(await errorOf(sizes, { mask: causal }, reference), `${queries} queries`).toBeLessThan(exact);
    }
  });

  test.each([1, 2, 7])('%i queries behind 4,200 keys', async (queries) => {
    const sizes = { queries, keys: 4200, heads: 2, keyHeads: 1, width: 16, valueWidth: 8 };
    const reference = { mask: isCausal, start: 4200 - queries };
    expect(await errorOf(sizes, { mask: causal }, reference)).toBeLessThan(exact);
  });
});

describe('masks', () => {
  const windowed = (size: number) =>
    f.and(
      causal,
      f.mask(({ q, k }) => f.less(f.subtract(q, k), size)),
    );

  test.each([1, 2, 5, 32, 33, 64, 100])('a window of %i', async (size) => {
    const seen = ({ q, k }: { q: number; k: number }) => k <= q && q - k < size;
    expect(await errorOf({ queries: 140, keys: 140 }, { mask: windowed(size) }, { mask: seen })).toBeLessThan(exact);
    const decoding = { mask: seen, start: 139 };
    expect(await errorOf({ queries: 1, keys: 140 }, { mask: windowed(size) }, decoding)).toBeLessThan(exact);
  });

  const cases: readonly [name: string, mask: Formula, seen: (p: { q: number; k: number; head: number }) => boolean][] =
    [
      ['keys behind the query alone', f.mask(({ q, k }) => f.greater(k, q)), ({ q, k }) => k > q],
      ['its own key alone', f.mask(({ q, k }) => f.equal(q, k)), ({ q, k }) => q === k],
      ['a prefix for all', f.mask(({ k }) => f.less(k, 3)), ({ k }) => k < 3],
      ['every second key', f.mask(({ q, k }) => f.lessEqual(f.multiply(2, k), q)), ({ q, k }) => 2 * k <= q],
      ['queries before the fourth', f.mask(({ q }) => f.less(q, 3)), ({ q }) => q < 3],
      ['no key', f.constant(false), () => false],
      [
        'a prefix or causal, a table',
        f.mask(({ q, k }) => f.or(f.less(k, 2), f.lessEqual(k, q))),
        ({ q, k }) => k < 2 || k <= q,
      ],
      [
        'even distances of odd heads, a table',
        f.and(
          causal,
          f.mask(({ q, k, head }) => f.or(f.equal(head, 0), f.equal(f.modulo(f.subtract(q, k), 2), 0))),
        ),
        ({ q, k, head }) => k <= q && (head === 0 || (q - k) % 2 === 0),
      ],
    ];
  test.each(cases)('%s', async (_, mask, seen) => {
    for (const queries of [1, 9, 40])
      expect(await errorOf({ queries, keys: 40, batch: 2 }, { mask }, { mask: seen })).toBeLessThan(exact);
  });

  test.each([2, 9])('present keys, in one batch entry none, %i queries', async (queries) => {
    const present = nd([2, 9], [1, 0, 1, 1, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    const mask = f.mask(({ k }) => f.lookup(tensor(present), [k], { batched: true }));
    const reference: AttentionReference = { mask: ({ batch, k }) => get(present, batch, k) === 1 };
    expect(await errorOf({ batch: 2, queries }, { mask }, reference)).toBeLessThan(exact);
  });

  test.each([1, 12])('what stands behind the last key changes nothing, NaN included, %i queries', async (queries) => {
    const [q, k, v] = inputs({ ...base, queries, keys: 12 });
    const mask = f.mask(({ k: j }) => f.less(j, 7));
    const run = async (key: Nd, value: Nd) => read(attend(tensor(q), tensor(key), tensor(value), { mask }));
    const spoiled = (x: Nd): Nd => ({ ...x, data: x.data.map((value, i) => (i >= 7 * 16 ? Number.NaN : value)) });
    expect(await run(spoiled(k), spoiled(v))).toEqual(await run(k, v));
  });
});

describe('scores', () => {
  const distance = f.score(({ s, q, k, head }) => f.add(s, f.multiply(f.add(head, 1), f.subtract(k, q))));

  test.each([1, 9, 40])('a distance by head, %i queries', async (queries) => {
    const reference: AttentionReference = { mask: isCausal, score: (s, { q, k, head }) => s + (head + 1) * (k - q) };
    const sizes = { queries, keys: Math.max(queries, 9) };
    expect(await errorOf(sizes, { mask: causal, score: distance }, reference)).toBeLessThan(exact);
  });

  test.each([1, 9])('a cap, then a table by key, −∞ in it, %i queries', async (queries) => {
    const table = nd([9], [0.5, -Infinity, 1, 0, -1, 2, -Infinity, 0, 0]);
    const score = [
      f.score(({ s }) => f.multiply(2, f.tanh(f.divide(s, 2)))),
      f.score(({ s, k }) => f.subtract(s, f.negate(f.lookup(tensor(table), [k])))),
    ];
    const reference: AttentionReference = { score: (s, { k }) => 2 * Math.tanh(s / 2) + get(table, k) };
    expect(await errorOf({ queries }, { score }, reference)).toBeLessThan(exact);
  });

  test('a factor, a scale below 0', async () => {
    const score = f.score(({ s }) => f.multiply(f.divide(s, 4), 3));
    const reference: AttentionReference = { scale: -0.5, score: (s) => (s / 4) * 3 };
    expect(await errorOf({}, { score, scale: -0.5 }, reference)).toBeLessThan(exact);
  });

  test.each([1, 9])('scores of ±10,000, %i queries', async (queries) => {
    const [q, k, v] = inputs({ ...base, queries });
    const huge = (x: Nd) => map(x, (value) => Math.round(value * 50));
    expect(await errorOf({}, { scale: 1 }, { scale: 1 }, [huge(q), huge(k), v])).toBeLessThan(exact);
  });

  test.each([1, 9, 70])('sinks, for rows that see no key too, %i queries', async (queries) => {
    const sinks = nd([4], [0.3, -Infinity, 3, -2]);
    const mask = f.mask(({ q, k }) => f.less(k, q));
    const reference: AttentionReference = { sinks, mask: ({ q, k }) => k < q };
    expect(await errorOf({ heads: 4, queries, keys: 70 }, { sinks: tensor(sinks), mask }, reference)).toBeLessThan(
      exact,
    );
  });
});

test('a step reads the cache where it lies', async () => {
  const scope = new TestScope();
  scope.hasState = true;
  scope.capacity = 256;
  const row = tensor(normal([1, 1, 2, 8], 1));
  for (let step = 0; step < 3; step++) {
    const { work, result } = await workOf(() => tf.tidy(() => attend(row, row, row, { grows: true }, scope)));
    if (step > 0) expect(work.dispatches).toEqual(['cache rows', ...decode]);
    expect(relativeError(await read(result), await read(row))).toBeLessThan(exact);
    result.dispose();
    scope.advance(1);
  }
  scope.dispose();
  row.dispose();
});
