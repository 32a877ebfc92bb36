import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { attend, causal, f, gru, lstm, TfmError, useBackend } from '../../../runtime/src/index.js';
import { append, createCache } from '../../../runtime/src/kernels/cache.js';
import { fixed } from '../../../runtime/src/ops/context.js';
import { normal } from '../../support/cases/case.js';
import { scopeAt, TestScope } from '../../support/cases/scope.js';
import { relativeError } from '../../support/compare.js';
import { decodingError, decodings, memoryPerStep } from '../../support/decoding.js';

const window = f.and(
  causal,
  f.mask(({ q, k }) => f.less(f.subtract(q, k), 3)),
);

describe.each(['cpu', 'wasm'] as const)('%s', (backend) => {
  beforeAll(async () => {
    await useBackend(backend);
  });

  test.each(Object.entries(decodings))('%s gives what one pass gives', async (_, sizes) => {
    expect(await decodingError(sizes, { mask: causal })).toBeLessThan(1e-5);
    expect(await decodingError(sizes, { mask: window })).toBeLessThan(1e-5);
    const score = f.score(({ s, q, k, head }) => f.add(s, f.multiply(f.add(head, 1), f.subtract(k, q))));
    expect(await decodingError(sizes, { mask: causal, score })).toBeLessThan(1e-5);
  });

  test('without keys and queries the values alone are kept', async () => {
    const v = tf.tensor(Float32Array.from(normal([2, 4, 2, 3], 5).data), [2, 4, 2, 3]);
    const score = f.score(({ s, q, k }) => f.add(s, f.multiply(0.3, f.subtract(k, q))));
    const whole = attend(null, null, v, { mask: causal, score });
    const scope = new TestScope();
    scope.hasState = true;
    scope.capacity = 4;
    const parts = [0, 1, 2, 3].map((t) => {
      const row = attend(null, null, tf.slice(v, [0, t], [2, 1]), { mask: causal, score, grows: true }, scope);
      scope.advance(1);
      return row;
    });
    expect(relativeError(await tf.concat(parts, 1).data(), await whole.data())).toBeLessThan(1e-6);
    scope.dispose();
  });

  test('rows of a batch at positions of their own read their own keys only', async () => {
    const all = normal([2, 5, 1, 4], 1);
    const x = tf.tensor(Float32Array.from(all.data), [2, 5, 1, 4]);
    const scope = new TestScope();
    scope.hasState = true;
    scope.capacity = 8;
    // Lengths 2 and 4, the first padded with what must never be read: its own rows 2 and 3 come later.
    const prompt = tf.slice(x, [0, 0], [2, 4]);
    attend(prompt, prompt, prompt, { mask: causal, grows: true }, scope);
    scope.endPass();
    scope.first = false;
    scope.position = [2, 4];
    const next = tf.concat([tf.slice(x, [0, 2], [1, 1]), tf.slice(x, [1, 4], [1, 1])]);
    const y = attend(next, next, next, { mask: causal, grows: true }, scope);
    const expected = attend(x, x, x, { mask: causal });
    const wanted = tf.concat([tf.slice(expected, [0, 2], [1, 1]), tf.slice(expected, [1, 4], [1, 1])]);
    expect(relativeError(await y.data(), await wanted.data())).toBeLessThan(1e-6);
    scope.dispose();
  });

  test.each([
    { queries: 3, rows: 1, mask: f.all },
    { queries: 2, rows: 2, mask: f.all },
    { queries: 3, rows: 2, mask: f.mask(({ q, k }) => f.lessEqual(k, f.add(q, 2))) },
  ])('$queries queries and $rows new rows see nothing of the rows behind', async ({ queries, rows, mask }) => {
    const keys = tf.tensor(Float32Array.from(normal([2, 5, 1, 4], 1).data), [2, 5, 1, 4]);
    const query = tf.tensor(Float32Array.from(normal([2, queries, 2, 4], 2).data), [2, queries, 2, 4]);
    for (const starts of [
      [3, 3],
      [1, 3],
    ] as const) {
      const scope = new TestScope();
      Object.assign(scope, { hasState: true, capacity: 9 });
      const entries = starts.map((start, b) => tf.slice(keys, [b, start], [1, rows]));
      attend(
        tf.slice(keys, [0, 0], [2, 3]),
        tf.slice(keys, [0, 0], [2, 3]),
        tf.slice(keys, [0, 0], [2, 3]),
        { grows: true },
        scope,
      );
      scope.advance(3);
      scope.position = starts[0] === starts[1] ? starts[0] : starts;
      const news = tf.concat(entries);
      const y = attend(query, news, news, { mask, grows: true }, scope);
      const expected = starts.map((start, b) => {
        const all = tf.slice(keys, [b, 0], [1, start + rows]);
        return attend(tf.slice(query, [b], [1]), all, all, { mask, queryGrows: true }, scopeAt(start));
      });
      expect(relativeError(await y.data(), await tf.concat(expected).data())).toBeLessThan(1e-6);
      scope.dispose();
    }
  });

  test('memory is the same after every step', async () => {
    const steps = await memoryPerStep(40);
    expect(new Set(steps.map(({ tensors }) => tensors)).size).toBe(1);
    expect(new Set(steps.map(({ bytes }) => bytes)).size).toBe(1);
  });

  test('a full cache is an error that names the position', () => {
    const cache = createCache({ batch: 1, capacity: 3, heads: 1, width: 2 });
    append([{ cache, rows: tf.ones([1, 3, 1, 2]) }], fixed(0));
    expect(() => append([{ cache, rows: tf.ones([1, 1, 1, 2]) }], fixed(3))).toThrow(
      expect.objectContaining({ code: 'TFM5405', message: expect.stringContaining('position 3') }),
    );
    expect(() => append([{ cache, rows: tf.ones([1, 1, 1, 2]) }], fixed(3))).toThrow(TfmError);
    cache.dispose();
  });

  test.each([
    ['gru', gru, 3],
    ['lstm', lstm, 4],
  ] as const)('%s keeps its state from pass to pass', async (kind, operator, gates) => {
    const of = (shape: number[], seed: number) => tf.tensor(Float32Array.from(normal(shape, seed).data), shape);
    const weights = {
      input: { weight: of([gates * 3, 2], 1), bias: of([gates * 3], 2) },
      hidden: { weight: of([gates * 3, 3], 3), bias: of([gates * 3], 4) },
    };
    const x = of([2, 5, 2], 5);
    const whole = operator(x, weights);
    const scope = new TestScope();
    scope.hasState = true;
    const before = tf.memory().numTensors;
    const parts = [
      [0, 2],
      [2, 1],
      [3, 2],
    ].map(([from, rows]) => {
      const part = tf.tidy(() => operator(tf.slice(x, [0, from!], [2, rows!]), weights, { grows: true }, scope));
      scope.advance(rows!);
      return part;
    });
    expect(tf.memory().numTensors).toBe(before + parts.length + (kind === 'gru' ? 1 : 2));
    scope.dispose();
    expect(tf.memory().numTensors).toBe(before + parts.length);
    expect(relativeError(await tf.concat(parts, 1).data(), await whole.data())).toBeLessThan(1e-6);
  });
});
