import type { Tensor } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { type AttendOptions, attend, causal, f, read, useBackend } from '../../../../runtime/src/index.js';
import { runCase } from '../../../support/attention-table.js';
import { attentionTable } from '../../../support/cases/attention-table.js';
import { normal } from '../../../support/cases/case.js';
import { TestScope } from '../../../support/cases/scope.js';
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
  const run = () => attend(...tensors, options);
  expect(await kernelsOf(run)).toContain('TfmAttend');
  const expected = attention(q, k, v, reference);
  poison(expected.data.length);
  const y = run();
  const error = relativeError(await read(y), expected.data);
  tf.dispose([...tensors, y]);
  return error;
}

test('one kernel computes what the table says', async () => {
  for (const of of attentionTable) {
    const kernels = await kernelsOf(() => runCase(of));
    expect(kernels.includes('TfmAttend'), of.name).toBe(!of.name.includes('composed'));
  }
});

describe('masks', () => {
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
  expect(await kernelsOf(() => step(1))).toEqual(['TfmAttend']);
  scope.dispose();
});
