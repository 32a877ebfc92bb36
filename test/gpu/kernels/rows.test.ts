import type { Tensor } from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import * as ops from '../../../runtime/src/index.js';
import type { ActivationName } from '../../../runtime/src/kernels/attributes.js';
import { runFused } from '../../../runtime/src/kernels/fused.js';
import { workgroupsFor } from '../../../runtime/src/kernels/webgpu/kernel.js';
import { linearOperator } from '../../../runtime/src/ops/linear.js';
import { normal } from '../../support/cases/case.js';
import { scopeAt } from '../../support/cases/scope.js';
import { map, type Nd, nd, zip } from '../../support/reference/array.js';
import * as elementwise from '../../support/reference/elementwise.js';
import * as layers from '../../support/reference/layers.js';
import { rotary } from '../../support/reference/positions.js';
import { checked } from './kit.js';

beforeAll(async () => {
  expect(await ops.useBackend('webgpu')).toBe('webgpu');
});

/** One shader of this name, or the test fails; the error against float64. */
async function errorOf(name: string, inputs: readonly Nd[], run: (...x: Tensor[]) => Tensor, expected: Nd) {
  const { error, dispatches } = await checked(inputs, run, expected);
  expect(dispatches).toEqual([name]);
  return error;
}

// Few rows, each number of them code of its own; tiles of 32, and of 64 where there are many; widths that are no multiple of
// 4, of 16, of 64.
const sizes: readonly [m: number, n: number, k: number][] = [
  ...[1, 3, 8, 9, 17, 33].flatMap((m) =>
    [1, 3, 16, 17, 33].flatMap((n) => [1, 4, 5, 67].map((k): [number, number, number] => [m, n, k])),
  ),
  [1, 70, 768],
  [8, 19, 770],
  [65, 64, 64],
  [1000, 1030, 6],
];

describe('linear', () => {
  test('of any size, with and without a bias', { timeout: 300_000 }, async () => {
    for (const [m, n, k] of sizes) {
      const [x, w, b] = [normal([m, k], 1), normal([n, k], 2), normal([n], 3)];
      const name = m > 8 ? 'linear of many rows' : 'linear of few rows';
      const run = (...[a, weight, bias]: Tensor[]) => ops.linear(a!, { weight: weight!, bias });
      expect(await errorOf(name, [x, w, b], run, layers.linear(x, w, b)), `${m} × ${n} × ${k}`).toBeLessThan(1e-5);
      if (![1, 9, 33].includes(m)) continue;
      expect(await errorOf(name, [x, w], run, layers.linear(x, w)), `${m} × ${n} × ${k}`).toBeLessThan(1e-5);
    }
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
      [9, 19, 40],
    ] as const) {
      const all = [normal([m, k], 1), normal([n, k], 2, 0.3), normal([n], 3), normal([m, n], 4)] as const;
      const sum = layers.linear(all[0], all[1], all[2]);
      const expected = zip(map(sum, activations[activation]), all[3], (a, r) => a + r);
      const run = (...given: Tensor[]) => runFused(linearOperator, given, { activation });
      const name = m > 8 ? 'linear of many rows' : 'linear of few rows';
      expect(await errorOf(name, all, run, expected), `${m} × ${n} × ${k}`).toBeLessThan(1e-5);
    }
  });

  test('more outputs than one axis of workgroups has room for', async () => {
    expect(workgroupsFor(65_535)).toEqual([65_535, 1, 1]);
    expect(workgroupsFor(65_536)).toEqual([65_535, 2, 1]);
    // As if an axis had room for two.
    const pass = GPUComputePassEncoder.prototype;
    const { dispatchWorkgroups } = pass;
    const grids: number[][] = [];
    pass.dispatchWorkgroups = function (x, y, z) {
      const grid: [number, number, number] = [Math.min(x, 2), Math.ceil(x / 2) * (y ?? 1), z ?? 1];
      grids.push([...grid]);
      dispatchWorkgroups.call(this, ...grid);
    };
    try {
      const [x, w] = [normal([3, 5], 1), normal([4 * 64 + 5, 5], 2)];
      const run = (...[a, weight]: Tensor[]) => ops.linear(a!, { weight: weight! });
      expect(await errorOf('linear of few rows', [x, w], run, layers.linear(x, w))).toBeLessThan(1e-6);
      expect(grids.at(-1)![1]).toBeGreaterThan(2); // the last workgroups have nothing to do
    } finally {
      pass.dispatchWorkgroups = dispatchWorkgroups;
    }
  });
});

describe.each([1, 2, 3, 4, 5, 63, 64, 65, 256, 258, 767])('rows of %i features', (width) => {
  const x = normal([3, width], width);
  const [weight, bias] = [normal([width], 2), normal([width], 3)];

  test('layer_norm', async () => {
    const whole = layers.layerNorm(x, weight, bias, 1e-5);
    const run = (...[a, w, b]: Tensor[]) => ops.layerNorm(a!, { weight: w, bias: b });
    expect(await errorOf('layer_norm', [x, weight, bias], run, whole)).toBeLessThan(5e-6);
    const plain = layers.layerNorm(x, undefined, undefined, 1e-5);
    expect(await errorOf('layer_norm', [x], run, plain)).toBeLessThan(5e-6);
  });

  test('rms_norm', async () => {
    const expected = layers.rmsNorm(x, weight, 1e-6);
    const run = (...[a, w]: Tensor[]) => ops.rmsNorm(a!, { weight: w });
    expect(await errorOf('rms_norm', [x, weight], run, expected)).toBeLessThan(5e-6);
  });
});

test('layer_norm of a mean that is 1,000 deviations keeps its digits', async () => {
  const x = map(normal([3, 65], 4), (value) => Math.fround(value + 1000));
  const expected = layers.layerNorm(x, undefined, undefined, 1e-5);
  expect(await errorOf('layer_norm', [x], (a) => ops.layerNorm(a!), expected)).toBeLessThan(2e-6);
});

describe('activations', () => {
  const all = {
    gelu: [ops.gelu, elementwise.gelu],
    geluTanh: [ops.geluTanh, elementwise.geluTanh],
    silu: [ops.silu, elementwise.silu],
  } as const;

  test.each(Object.entries(all))('%s', async (_, [operator, reference]) => {
    const x = map(normal([5, 67], 1), (value) => Math.fround(value * 4));
    expect(await errorOf('activation', [x], (a) => operator(a!), map(x, reference))).toBeLessThan(1e-5);
    const far = nd([5], [-1e4, -100, -12, 12, 1e4]);
    expect(await errorOf('activation', [far], (a) => operator(a!), map(far, reference))).toBeLessThan(1e-6);
  });
});

describe.each(['halves', 'interleaved'] as const)('rotary, %s', (pairs) => {
  test.each([
    [2, 1],
    [6, 1],
    [12, 0.5],
    [64, 1],
  ])('%i features, a share of %d', async (width, share) => {
    const x = normal([2, 5, 3, width], width);
    const run = (a?: Tensor) => ops.rotary(a!, { pairs, share, grows: true }, scopeAt(7));
    expect(await errorOf('rotary', [x], run, rotary(x, { pairs, share, start: 7 }))).toBeLessThan(1e-6);
  });

  test('positions of their own for each sequence', async () => {
    const x = normal([2, 3, 2, 12], 1);
    const each = [4, 9].map((position, b) => {
      const own = nd([1, 3, 2, 12], x.data.subarray(b * 72, (b + 1) * 72));
      return [...rotary(own, { pairs, start: position }).data];
    });
    const run = (a?: Tensor) => ops.rotary(a!, { pairs, grows: true }, scopeAt([4, 9]));
    expect(await errorOf('rotary', [x], run, nd(x.shape, each.flat()))).toBeLessThan(1e-6);
  });
});
