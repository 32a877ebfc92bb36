import type { Tensor } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { linear, matmul, read, unembed, useBackend } from '../../../../runtime/src/index.js';
import type { ActivationName } from '../../../../runtime/src/kernels/attributes.js';
import { runFused } from '../../../../runtime/src/kernels/fused.js';
import { linearOperator } from '../../../../runtime/src/ops/linear.js';
import { normal } from '../../../support/cases/case.js';
import { relativeError } from '../../../support/compare.js';
import { map, type Nd, zip } from '../../../support/reference/array.js';
import * as elementwise from '../../../support/reference/elementwise.js';
import * as layers from '../../../support/reference/layers.js';
import { kernelsOf, poison, tensor } from './kit.js';

beforeAll(async () => {
  await useBackend('wasm');
});

// Few rows, tiles of 4 rows and 8 columns, more rows than a block (256), more inner indices than a panel (768).
const rows = [1, 2, 3, 4, 5, 7, 17];
const outputs = [1, 3, 7, 8, 9, 17];
const inputs = [1, 3, 4, 5, 17];
const sizes: [m: number, n: number, k: number][] = [
  ...rows.flatMap((m) => outputs.flatMap((n) => inputs.map((k): [number, number, number] => [m, n, k]))),
  [1, 65, 768],
  [3, 12, 1537],
  [5, 9, 769],
  [6, 16, 1600],
  [259, 10, 33],
  [261, 9, 771],
  [64, 128, 64],
];

describe('linear', () => {
  test('of any size, with and without a bias', async () => {
    for (const [m, n, k] of sizes) {
      const [x, w, b] = [normal([m, k], 1), normal([n, k], 2), normal([n], 3)];
      const given = [x, w, b].map(tensor) as [Tensor, Tensor, Tensor];
      poison(m * n);
      const y = linear(given[0], { weight: given[1], bias: given[2] });
      const z = unembed(given[0], { weight: given[1] });
      expect(y.shape).toEqual([m, n]);
      expect(relativeError(await read(y), layers.linear(x, w, b).data), `${m} × ${n} × ${k}`).toBeLessThan(5e-6);
      expect(relativeError(await read(z), layers.linear(x, w).data), `${m} × ${n} × ${k}`).toBeLessThan(5e-6);
      tf.dispose([...given, y, z]);
    }
  });

  test('is one kernel', async () => {
    const [x, w] = [normal([2, 5, 8], 1), normal([3, 8], 2)].map(tensor) as [Tensor, Tensor];
    expect(await kernelsOf(() => linear(x, { weight: w }))).toEqual(['TfmLinear']);
    tf.dispose([x, w]);
  });

  const activations: Readonly<Record<ActivationName, (x: number) => number>> = {
    none: (x) => x,
    gelu: elementwise.gelu,
    geluTanh: elementwise.geluTanh,
    silu: elementwise.silu,
    relu: elementwise.relu,
  };

  test.each(Object.keys(activations) as ActivationName[])('with bias, %s and a residual', async (activation) => {
    for (const [m, n, k] of [
      [1, 7, 5],
      [2, 9, 8],
      [5, 12, 9],
      [9, 19, 800],
      [259, 12, 5],
    ] as const) {
      const all = [normal([m, k], 1), normal([n, k], 2, 0.3), normal([n], 3), normal([m, n], 4)] as const;
      const given = all.map(tensor);
      const y = runFused(linearOperator, given, { activation });
      const sum = layers.linear(all[0], all[1], all[2]);
      const expected = zip(map(sum, activations[activation]), all[3], (a, r) => a + r);
      expect(relativeError(await read(y), expected.data), `${m} × ${n} × ${k}`).toBeLessThan(5e-6);
      tf.dispose([...given, y]);
    }
  });
});

test('product of matrices', async () => {
  for (const [m, n, k] of sizes) {
    const [a, b] = [normal([m, k], 1), normal([k, n], 2)];
    const given = [a, b].map(tensor) as [Tensor, Tensor];
    poison(m * n);
    const y = matmul(...given);
    expect(relativeError(await read(y), layers.matmul(a, b).data), `${m} × ${n} × ${k}`).toBeLessThan(5e-6);
    tf.dispose([...given, y]);
  }
});

test('an infinite and an undefined input reach only their own row', async () => {
  const x: Nd = normal([6, 9], 1);
  x.data[1 * 9 + 2] = Number.POSITIVE_INFINITY;
  x.data[4 * 9 + 8] = Number.NaN;
  const w = map(normal([11, 9], 2), Math.abs);
  const given = [x, w].map(tensor) as [Tensor, Tensor];
  const y = await read(linear(given[0], { weight: given[1] }));
  expect(relativeError(y, layers.linear(x, w).data)).toBeLessThan(5e-6);
  tf.dispose(given);
});
