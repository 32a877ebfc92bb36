import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { experts, linear, useBackend } from '../../../runtime/src/index.js';
import { expertCases } from '../../support/cases/experts.js';
import { TestScope } from '../../support/cases/scope.js';
import { gradientError, outcome } from '../../support/compare.js';

describe.each(['cpu', 'wasm'] as const)('%s', (backend) => {
  beforeAll(async () => void (await useBackend(backend)));

  test.each(expertCases)('$name', async (of) => {
    const { shape, expectedShape, error } = await outcome(of);
    expect(shape).toEqual(expectedShape);
    expect(error).toBeLessThan(1e-5);
  });

  test.each(expertCases)('gradient of $name', async (of) => {
    expect(await gradientError(of)).toBeLessThan(1e-4);
  });

  test('an expert runs on the rows that chose it, of equal shares the first; in training all run on all', async () => {
    const rows = tf.tensor([[[1], [2], [3]]]);
    const shares = tf.tensor([
      [
        [0.5, 0.1, 0.4, 0],
        [0.2, 0.2, 0.2, 0.2],
        [0, 0, 1, 0],
      ],
    ]);
    const seen = async (scope?: TestScope): Promise<[number, number[]][]> => {
      const kept: [number, tf.Tensor][] = [];
      const run = (some: tf.Tensor, index: number): tf.Tensor => {
        kept.push([index, tf.keep(tf.clone(some))]);
        return tf.mul(some, index + 1);
      };
      const mixed = experts(rows, shares, run, { top: 2 }, scope);
      const values = Array.from(await mixed.data(), (value) => Math.round(value * 1e5) / 1e5);
      expect(values).toEqual([1.7, 1.2, 9]); // 0.5·1 + 0.4·3, 0.2·2 + 0.2·4, 1·9 + 0·3
      return Promise.all(kept.map(async ([index, x]) => [index, Array.from(await x.data())]));
    };
    expect(await seen()).toEqual([
      [0, [1, 2, 3]],
      [1, [2]],
      [2, [1, 3]],
    ]);
    const training = new TestScope();
    training.training = true;
    expect(await seen(training)).toEqual([0, 1, 2, 3].map((index) => [index, [1, 2, 3]]));
  });

  test('with their weights given, linear experts see those of each row; others run one by one', async () => {
    const rows = tf.tensor([
      [1, 2],
      [3, 4],
      [5, 6],
    ]);
    const shares = tf.tensor([
      [0.5, 0.1, 0.4],
      [Number.NaN, 1, 0],
      [0, 0, 1],
    ]);
    const weights = [1, 2, 3].map((scale) =>
      tf.tensor([
        [scale, 0],
        [0, 10 * scale],
      ]),
    );
    const calls: number[] = [];
    const layer = (x: tf.Tensor, weight: tf.Tensor) => linear(x, { weight });
    const product = (x: tf.Tensor, weight: tf.Tensor) => tf.matMul(tf.reshape(x, [-1, 2]), weight);
    for (const run of [layer, product]) {
      const expert = (some: tf.Tensor, index: number, weight: tf.Tensor) => {
        calls.push(index);
        return run(some, weight);
      };
      const mixed = experts(rows, shares, expert, { top: 2, weights });
      // 0.5·1 + 0.4·3; a share that is no number is chosen; 0·1 + 1·3, the first of equal ones
      const [a, b, c, d, e, f] = await mixed.data();
      expect([a, b, e, f]).toEqual([1.7, 34, 15, 180].map((value) => expect.closeTo(value, 4)));
      expect([c, d]).toEqual([Number.NaN, Number.NaN]);
      tf.dispose(mixed);
    }
    const alone = [0, 1, 2];
    expect(calls).toEqual(backend === 'wasm' ? [0, 0, ...alone] : [...alone, ...alone]);
    tf.dispose([rows, shares, ...weights]);
  });

  test('the weights of an expert that nobody chose are not read', async () => {
    const rows = tf.tensor([
      [1, 2],
      [3, 4],
    ]);
    const shares = tf.tensor([
      [1, 0, 2],
      [2, 0, 1],
    ]);
    const weights = [1, Number.NaN, 3].map((value) => tf.fill([1, 2], value));
    const mixed = experts(rows, shares, (some, _, weight) => linear(some, { weight }), { top: 2, weights });
    expect([...(await mixed.data())]).toEqual([21, 35]); // 1·3 + 2·9, 2·7 + 1·21
    tf.dispose([rows, shares, mixed, ...weights]);
  });

  test('nothing is left behind', () => {
    const [rows, shares] = [tf.ones([2, 3, 4]), tf.randomUniform([2, 3, 5])];
    const before = tf.memory().numTensors;
    const mixed = experts(rows, shares, (some, index) => tf.mul(some, index), { top: 2 });
    expect(tf.memory().numTensors).toBe(before + 1);
    tf.dispose([mixed, rows, shares]);
  });
});

test.each<[string, number[], number]>([
  ['shares of other rows', [2, 4, 5], 2],
  ['shares without rows', [5], 2],
  ['more than there are', [2, 3, 5], 6],
  ['none at all', [2, 3, 5], 0],
])('%s: TFM5404', (_, shape, top) => {
  expect(() => experts(tf.ones([2, 3, 4]), tf.ones(shape), (some) => some, { top })).toThrow(
    expect.objectContaining({ code: 'TFM5404', message: expect.stringContaining('experts') }),
  );
});
