import type { Tensor } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  type AttendOptions,
  attend,
  causal,
  type Formula,
  f,
  read,
  useBackend,
} from '../../../../runtime/src/index.js';
import { normal } from '../../../support/cases/case.js';
import { scopeAt, TestScope } from '../../../support/cases/scope.js';
import { relativeError } from '../../../support/compare.js';
import { get, map, type Nd, nd } from '../../../support/reference/array.js';
import { type AttentionReference, attention } from '../../../support/reference/attention.js';
import { kernelsOf, poison, tensor } from './kit.js';

beforeAll(async () => {
  await useBackend('wasm');
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

const base: Sizes = { batch: 1, queries: 5, keys: 9, heads: 2, keyHeads: 2, width: 8, valueWidth: 8 };

function inputs({ batch, queries, keys, heads, keyHeads, width, valueWidth }: Sizes): [Nd, Nd, Nd] {
  return [
    normal([batch, queries, heads, width], 1),
    normal([batch, keys, keyHeads, width], 2),
    normal([batch, keys, keyHeads, valueWidth], 3),
  ];
}

/** Fused, or the test fails; the error against the reference in float64. */
async function errorOf(
  sizes: Partial<Sizes>,
  options: AttendOptions,
  reference: AttentionReference,
  given?: [Nd, Nd, Nd],
): Promise<number> {
  const [q, k, v] = given ?? inputs({ ...base, ...sizes });
  const tensors = [q, k, v].map(tensor) as [Tensor, Tensor, Tensor];
  const scope = scopeAt(reference.start ?? 0);
  const run = () => attend(...tensors, { ...options, grows: reference.start !== undefined }, scope);
  expect(await kernelsOf(run)).toContain('TfmAttend');
  const expected = attention(q, k, v, reference);
  poison(expected.data.length);
  const y = run();
  const error = relativeError(await read(y), expected.data);
  tf.dispose([...tensors, y]);
  return error;
}

const isCausal = ({ q, k }: { q: number; k: number }) => k <= q;
const windowed = (size: number) =>
  f.and(
    causal,
    f.mask(({ q, k }) => f.less(f.subtract(q, k), size)),
  );

describe('sizes', () => {
  test.each([1, 3, 4, 5, 7, 8, 9, 17, 33])('heads of %i features', async (width) => {
    for (const queries of [1, 3, 9])
      expect(
        await errorOf({ width, queries }, { mask: causal }, { mask: isCausal, start: 9 - queries }),
        `${queries} queries`,
      ).toBeLessThan(3e-6);
  });

  test.each([1, 2, 3, 5, 7, 12, 20, 33])('values of %i features', async (valueWidth) => {
    for (const queries of [1, 9]) expect(await errorOf({ valueWidth, queries }, {}, {})).toBeLessThan(3e-6);
  });

  test.each([1, 2, 3, 4, 7, 8, 9, 15, 16, 17, 63, 64, 65, 130])('%i queries and keys, causal', async (length) => {
    const sizes = { queries: length, keys: length, heads: 1, keyHeads: 1 };
    expect(await errorOf(sizes, { mask: causal }, { mask: isCausal })).toBeLessThan(3e-6);
  });

  test.each([
    [8, 1],
    [6, 2],
    [3, 1],
    [12, 4],
  ])('%i heads that read %i', async (heads, keyHeads) => {
    for (const queries of [1, 2, 5])
      expect(
        await errorOf({ heads, keyHeads, queries, batch: 2 }, { mask: causal }, { mask: isCausal, start: 9 - queries }),
      ).toBeLessThan(3e-6);
  });

  test.each([1, 2, 9])('%i queries behind 4,200 keys', async (queries) => {
    const sizes = { queries, keys: 4200, heads: 2, keyHeads: 1, width: 16, valueWidth: 8 };
    const reference = { mask: isCausal, start: 4200 - queries };
    expect(await errorOf(sizes, { mask: causal }, reference)).toBeLessThan(1e-5); // 4,200 roundings
  });
});

describe('masks', () => {
  test.each([1, 2, 5, 64, 100])('a window of %i', async (size) => {
    const reference = { mask: ({ q, k }: { q: number; k: number }) => k <= q && q - k < size };
    const sizes = { queries: 140, keys: 140, heads: 1, keyHeads: 1 };
    expect(await errorOf(sizes, { mask: windowed(size) }, reference)).toBeLessThan(3e-6);
  });

  const cases: readonly [name: string, mask: Formula, seen: (p: { q: number; k: number }) => boolean][] = [
    ['keys behind the query alone', f.mask(({ q, k }) => f.greater(k, q)), ({ q, k }) => k > q],
    ['its own key alone', f.mask(({ q, k }) => f.equal(q, k)), ({ q, k }) => q === k],
    ['a prefix for all', f.mask(({ k }) => f.less(k, 3)), ({ k }) => k < 3],
    ['every second key of the query', f.mask(({ q, k }) => f.lessEqual(f.multiply(2, k), q)), ({ q, k }) => 2 * k <= q],
    ['queries before the fourth', f.mask(({ q }) => f.less(q, 3)), ({ q }) => q < 3],
    ['no key', f.constant(false), () => false],
    [
      'a prefix or causal, a table',
      f.mask(({ q, k }) => f.or(f.less(k, 2), f.lessEqual(k, q))),
      ({ q, k }) => k < 2 || k <= q,
    ],
    [
      'even distances, a table',
      f.and(
        causal,
        f.mask(({ q, k }) => f.equal(f.modulo(f.subtract(q, k), 2), 0)),
      ),
      ({ q, k }) => k <= q && (q - k) % 2 === 0,
    ],
  ];
  test.each(cases)('%s', async (_, mask, seen) => {
    for (const queries of [1, 9])
      expect(await errorOf({ queries, batch: 2 }, { mask }, { mask: (pair) => seen(pair) })).toBeLessThan(3e-6);
  });

  test('present keys, in one row none', async () => {
    const present = nd([2, 9], [1, 0, 1, 1, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    const mask = f.mask(({ k }) => f.lookup(tensor(present), [k], { batched: true }));
    const reference: AttentionReference = { mask: ({ batch, k }) => get(present, batch, k) === 1 };
    expect(await errorOf({ batch: 2 }, { mask }, reference)).toBeLessThan(3e-6);
  });

  test('what stands in hidden keys changes nothing, bit for bit, NaN included', async () => {
    const sizes = { ...base, queries: 12, keys: 12 };
    const [q, k, v] = inputs(sizes);
    const run = async (key: Nd, value: Nd) =>
      read(
        attend(tensor(q), tensor(key), tensor(value), {
          mask: f.and(
            causal,
            f.mask(({ k: j }) => f.less(j, 7)),
          ),
        }),
      );
    const spoiled = (x: Nd): Nd => ({ ...x, data: x.data.map((value, i) => (i >= 7 * 16 ? Number.NaN : value)) });
    expect(await run(spoiled(k), spoiled(v))).toEqual(await run(k, v));
  });
});

describe('scores', () => {
  const distance = f.score(({ s, q, k, head }) => f.add(s, f.multiply(f.add(head, 1), f.subtract(k, q))));
  test.each([1, 9])('a distance by head, %i queries', async (queries) => {
    const reference: AttentionReference = { mask: isCausal, score: (s, { q, k, head }) => s + (head + 1) * (k - q) };
    expect(await errorOf({ queries }, { mask: causal, score: distance }, reference)).toBeLessThan(3e-6);
  });

  test('a cap, then a table by key, −∞ in it', async () => {
    const table = nd([9], [0.5, -Infinity, 1, 0, -1, 2, -Infinity, 0, 0]);
    const score = [
      f.score(({ s }) => f.multiply(2, f.tanh(f.divide(s, 2)))),
      f.score(({ s, k }) => f.subtract(s, f.negate(f.lookup(tensor(table), [k])))),
    ];
    const reference: AttentionReference = { score: (s, { k }) => 2 * Math.tanh(s / 2) + get(table, k) };
    expect(await errorOf({ queries: 9 }, { score }, reference)).toBeLessThan(3e-6);
  });

  test('a factor, a scale below 0', async () => {
    const score = f.score(({ s }) => f.multiply(f.divide(s, 4), 3));
    const reference: AttentionReference = { scale: -0.5, score: (s) => (s / 4) * 3 };
    expect(await errorOf({ queries: 9 }, { score, scale: -0.5 }, reference)).toBeLessThan(3e-6);
  });

  test('scores of ±10,000', async () => {
    const [q, k, v] = inputs({ ...base, queries: 9 });
    const huge = (x: Nd) => map(x, (value) => Math.round(value * 50));
    expect(await errorOf({}, { scale: 1 }, { scale: 1 }, [huge(q), huge(k), v])).toBeLessThan(3e-6);
  });

  test('sinks, for rows that see no key too', async () => {
    const sinks = nd([4], [0.3, -Infinity, 3, -2]);
    const mask = f.mask(({ q, k }) => f.less(k, q));
    for (const queries of [1, 9])
      expect(
        await errorOf({ heads: 4, queries }, { sinks: tensor(sinks), mask }, { sinks, mask: ({ q, k }) => k < q }),
      ).toBeLessThan(3e-6);
  });
});

describe('what is not one kernel is composed', () => {
  test.each([
    ['a score that reads vectors', { score: f.score(({ s, query, key }) => f.add(s, f.dot(query, key))) }],
    ['a cap behind what is added', { score: [f.score(({ s }) => f.add(s, 1)), f.score(({ s }) => f.tanh(s))] }],
  ] satisfies [string, AttendOptions][])('%s', async (_, options) => {
    const tensors = inputs(base).map(tensor) as [Tensor, Tensor, Tensor];
    expect(await kernelsOf(() => attend(...tensors, options))).not.toContain('TfmAttend');
  });
});

test('a step reads the cache where it is: one kernel, no copies', async () => {
  const scope = new TestScope();
  scope.hasState = true;
  scope.capacity = 64;
  const rows = (length: number) => inputs({ ...base, queries: length, keys: length }).map(tensor);
  const step = (length: number) => {
    const [q, k, v] = rows(length) as [Tensor, Tensor, Tensor];
    return attend(q, k, v, { mask: causal, grows: true }, scope);
  };
  step(5);
  scope.advance(5);
  expect(await kernelsOf(() => step(1))).toEqual(['TfmAttend', 'Reshape']);
  scope.dispose();
});
