import type { Tensor } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { type AttendOptions, attend, f, read, useBackend } from '../../../runtime/src/index.js';
import { forwardOf } from '../../support/attention-table.js';
import { attentionTable } from '../../support/cases/attention-table.js';
import { normal } from '../../support/cases/case.js';
import { TestScope } from '../../support/cases/scope.js';
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
  const { work, result } = await workOf(() => tf.tidy(() => attend(...tensors, options)));
  const own = q.shape[1]! > 4 ? prefill : decode;
  expect(work.dispatches.slice(-own.length)).toEqual(own);
  const error = relativeError(await read(result), expected.data);
  tf.dispose([...tensors, result]);
  return error;
}

const exact = 2e-5;

// Each width is code of its own: rows of vectors or of numbers; within and behind what workgroup memory has at once (32); one
// to eight columns of values for a thread, their last not full (100, 255); eight, six and four rows in a block (128, 160, 256).
const widths = ['1 1', '3 3', '9 9', '33 33', '64 64', '80 80', '100 100', '128 128', '160 160', '255 255', '256 256'];
const unequal = ['8 3', '5 8', '33 256', '256 4'];

/** Of the table what attention-table.test.ts leaves out. */
const table = attentionTable.filter(({ name, sizes: { width, valueWidth } }) =>
  /^(width|d_k)/.test(name)
    ? [...widths, ...unequal].includes(`${width} ${valueWidth}`)
    : /^score (capped|distance):/.test(name),
);

test.each(table)('$name', async (of) => {
  const { seen, error } = await forwardOf(of, async (run) => {
    const { work, result } = await workOf(run);
    return { seen: work.dispatches, result };
  });
  const own = of.sizes.queries > 4 ? prefill : decode;
  expect(seen.slice(-own.length)).toEqual(own);
  expect(error).toBeLessThan(exact);
});

describe('masks', () => {
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
