import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { type Interpolation, read, resize, useBackend } from '../../../runtime/src/index.js';
import { normal } from '../../support/cases/case.js';
import { scopeAt } from '../../support/cases/scope.js';
import { relativeError } from '../../support/compare.js';
import { numbersOf, readJson, type Stored } from '../../support/golden.js';

/** What PyTorch computed (test/fixtures/resize/make.py): y of x, and of a gradient dy of y that of x. */
interface Resized {
  readonly how: Interpolation;
  readonly x: Stored;
  readonly y: Stored;
  readonly dy: Stored;
  readonly dx: Stored;
}

const golden = readJson<Resized[]>('test/fixtures/resize/golden.json');
const tensorOf = (stored: Stored): tf.Tensor => tf.tensor(numbersOf(stored), [...stored.shape]);
const title = ({ how, x, y }: Resized): string => `${how} ${x.shape.join(' × ')} to ${y.shape.join(' × ')}`;

describe.each(['cpu', 'wasm'] as const)('%s', (backend) => {
  beforeAll(async () => {
    await useBackend(backend);
  });

  test.each(golden.map((of) => [title(of), of] as const))(
    '%s: the numbers of PyTorch, and its gradient',
    async (_, of) => {
      const { how, x, y, dy, dx } = of;
      const [height = 0, width = 0, depth = 0] = x.shape;
      const [rows = 0, columns = 0] = y.shape;
      const table = tf.reshape(tensorOf(x), [height * width, depth]);
      const asGrid = resize(tensorOf(x), { rows, columns, how });
      const asTable = resize(table, { rows, columns, how, from: [height, width] });
      expect([asGrid.shape, asTable.shape]).toEqual([y.shape, [rows * columns, depth]]);
      expect(relativeError(await read(asGrid), numbersOf(y))).toBeLessThan(1e-5);
      expect(await read(asTable)).toEqual(await read(asGrid));
      const upstream = tf.reshape(tensorOf(dy), asTable.shape);
      const gradient = tf.grad((of: tf.Tensor) => resize(of, { rows, columns, how, from: [height, width] }))(
        table,
        upstream,
      );
      expect(relativeError(await read(gradient), numbersOf(dx))).toBeLessThan(1e-5);
    },
  );

  test('a grid that has the size is the same, bit for bit; without a scope nothing is left behind', () => {
    const x = tf.tensor([...normal([2, 3, 4, 5], 1).data], [2, 3, 4, 5]);
    expect(resize(x, { rows: 3, columns: 4, how: 'bicubic' }, scopeAt(0))).toBe(x);
    const before = tf.memory().numTensors;
    resize(x, { rows: 5, columns: 4 }).dispose();
    expect(tf.memory().numTensors).toBe(before);
  });
});
