import type { Tensor } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { attend, f, read, useBackend } from '../../../runtime/src/index.js';
import { errorsOf, forwardOf } from '../../support/attention-table.js';
import { maskByHead, nearness } from '../../support/cases/attention-pairs.js';
import type { TableCase } from '../../support/cases/attention-table.js';
import { normal } from '../../support/cases/case.js';
import { TestScope } from '../../support/cases/scope.js';
import { relativeError } from '../../support/compare.js';
import { type Nd, nd } from '../../support/reference/array.js';
import { attention } from '../../support/reference/attention.js';
import { tensor, workOf } from './kit.js';

beforeAll(async () => {
  expect(await useBackend('webgpu')).toBe('webgpu');
});

// Every mask is code of its own, which SwiftShader compiles for seconds: here each of six heads has another one.
const keys = 41;
const base: TableCase = {
  name: '',
  sizes: { batch: 2, queries: keys, keys, heads: 6, keyHeads: 3, width: 8, valueWidth: 8 },
  start: 0,
  mask: maskByHead,
  ...{ score: undefined, scale: undefined, sinks: undefined, drop: 0 },
};
const behind = (queries: number, start: number): Pick<TableCase, 'sizes' | 'start'> => ({
  sizes: { ...base.sizes, queries },
  start,
});

test.each([
  [keys, 0],
  [9, 32],
])('a mask and a score for pairs, %i queries from %i on: result and gradients', async (queries, start) => {
  const errors = await errorsOf({ ...base, score: nearness, ...behind(queries, start) });
  expect(errors).toHaveLength(4);
  expect(Math.max(...errors), errors.join()).toBeLessThan(2e-5);
});

describe('a mask for pairs', () => {
  test.each([
    [40, 1],
    [3, 38],
    [1, 40],
  ])('%i queries from %i on', async (queries, start) => {
    const { seen, error } = await forwardOf({ ...base, ...behind(queries, start) }, async (run) => {
      const { work, result } = await workOf(run);
      return { seen: work.dispatches, result };
    });
    expect(seen[0]).toBe(queries > 4 ? 'attention of many queries' : 'attention of few queries');
    expect(error).toBeLessThan(2e-5);
  });

  test('dropout and sinks', async () => {
    const sinks = normal([base.sizes.heads], 7);
    const { error } = await forwardOf({ ...base, sinks, drop: 0.3 }, async (run) => ({
      seen: 0,
      result: tf.tidy(run),
    }));
    expect(error).toBeLessThan(2e-5);
  });

  test('sequences at positions of their own', async () => {
    const [rows, starts] = [9, [7, 32]];
    const [q, k, v] = inputs(rows);
    const scope = new TestScope();
    Object.assign(scope, { position: starts, first: false });
    const found = await numbersOf([q, k, v], (...x) =>
      attend(...x, { mask: maskByHead.mask, queryGrows: true }, scope),
    );
    scope.dispose();
    const expected = starts.flatMap((start, b) => {
      const { data } = attention(q, k, v, { start, mask: (pair) => maskByHead.seen({ ...pair, t: 0 }) });
      return [...data.subarray((b * data.length) / 2, ((b + 1) * data.length) / 2)];
    });
    expect(relativeError(found, expected)).toBeLessThan(2e-5);
  });

  test('a sequence in two parts, over a cache', async () => {
    const all = inputs(keys);
    const scope = new TestScope();
    Object.assign(scope, { hasState: true, capacity: 64 });
    const mask = f.and(
      maskByHead.mask,
      f.mask(({ q, k }) => f.lessEqual(k, q)),
    );
    const found: number[][] = [[], []];
    for (const [from, rows] of [
      [0, 24],
      [24, 17],
    ] as const) {
      const part = all.map((x) => rowsOf(x, from, rows)) as [Nd, Nd, Nd];
      const numbers = await numbersOf(part, (...x) => attend(...x, { mask, grows: true }, scope));
      const each = numbers.length / 2;
      for (const b of [0, 1]) found[b]!.push(...numbers.subarray(b * each, (b + 1) * each));
      scope.advance(rows);
    }
    scope.dispose();
    const { data } = attention(...all, { mask: (pair) => pair.k <= pair.q && maskByHead.seen({ ...pair, t: 0 }) });
    expect(relativeError(found.flat(), data)).toBeLessThan(2e-5);
  });

  test('the documents of a packed sequence, and padding', async () => {
    const of = (at: number, b: number) => Math.floor(at / (7 + b));
    const isReal = (at: number, b: number) => at < 40 - 9 * b;
    const [q, k, v] = inputs(keys);
    const [documents, real] = [of, isReal].map((value) =>
      nd(
        [2, keys],
        Array.from({ length: 2 * keys }, (_, i) => Number(value(i % keys, Math.floor(i / keys)))),
      ),
    ) as [Nd, Nd];
    const found = await numbersOf([q, k, v], (...x) => {
      const document = (at: typeof f.all) => f.lookup(tf.cast(tensor(documents), 'int32'), [at], { batched: true });
      const mask = f.mask(({ q: i, k: j }) =>
        f.and(f.equal(document(i), document(j)), f.lookup(tensor(real), [j], { batched: true })),
      );
      return attend(...x, { mask });
    });
    const { data } = attention(q, k, v, {
      mask: ({ batch, q: i, k: j }) => of(i, batch) === of(j, batch) && isReal(j, batch),
    });
    expect(relativeError(found, data)).toBeLessThan(2e-5);
  });
});

function inputs(queries: number): [Nd, Nd, Nd] {
  const { heads, keyHeads, width } = base.sizes;
  return [
    normal([2, queries, heads, width], 1),
    normal([2, keys, keyHeads, width], 2),
    normal([2, keys, keyHeads, width], 3),
  ];
}

/** Rows of each sequence. */
function rowsOf({ shape, data }: Nd, from: number, rows: number): Nd {
  const [batch, length, ...rest] = shape as [number, number, ...number[]];
  const row = rest.reduce((product, n) => product * n, 1);
  const parts = Array.from({ length: batch }, (_, b) => {
    const at = (b * length + from) * row;
    return [...data.subarray(at, at + rows * row)];
  });
  return nd([batch, rows, ...rest], parts.flat());
}

async function numbersOf(given: readonly Nd[], run: (...x: [Tensor, Tensor, Tensor]) => Tensor): Promise<Float32Array> {
  const tensors = given.map(tensor) as [Tensor, Tensor, Tensor];
  const result = tf.tidy(() => run(...tensors));
  const numbers = Float32Array.from(await read(result));
  tf.dispose([...tensors, result]);
  return numbers;
}
