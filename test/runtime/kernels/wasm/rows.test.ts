import type { Tensor } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import * as ops from '../../../../runtime/src/index.js';
import { normal } from '../../../support/cases/case.js';
import { scopeAt } from '../../../support/cases/scope.js';
import { relativeError } from '../../../support/compare.js';
import { map, type Nd, nd } from '../../../support/reference/array.js';
import * as elementwise from '../../../support/reference/elementwise.js';
import * as layers from '../../../support/reference/layers.js';
import { rotary } from '../../../support/reference/positions.js';
import { kernelsOf, poison, tensor } from './kit.js';

beforeAll(async () => {
  await ops.useBackend('wasm');
});

/** The error of an operator of tensors, after the memory of its result was poisoned. */
async function errorOf(inputs: readonly Nd[], run: (...x: Tensor[]) => Tensor, expected: Nd): Promise<number> {
  const given = inputs.map(tensor);
  poison(expected.data.length);
  const y = run(...given);
  const error = relativeError(await ops.read(y), expected.data);
  tf.dispose([...given, y]);
  return error;
}

const activations = {
  gelu: [ops.gelu, elementwise.gelu],
  geluTanh: [ops.geluTanh, elementwise.geluTanh],
  silu: [ops.silu, elementwise.silu],
} as const;

const widths = [1, 2, 3, 4, 5, 7, 8, 17, 64, 767];

describe.each(widths)('rows of %i features', (width) => {
  const x = normal([3, width], width);
  const [weight, bias] = [normal([width], 2), normal([width], 3)];

  test('layer_norm', async () => {
    expect(
      await errorOf(
        [x, weight, bias],
        (a, w, b) => ops.layerNorm(a!, { weight: w, bias: b }),
        layers.layerNorm(x, weight, bias, 1e-5),
      ),
    ).toBeLessThan(2e-6);
    expect(await errorOf([x], (a) => ops.layerNorm(a!), layers.layerNorm(x, undefined, undefined, 1e-5))).toBeLessThan(
      2e-6,
    );
  });

  test('rms_norm', async () => {
    expect(
      await errorOf([x, weight], (a, w) => ops.rmsNorm(a!, { weight: w }), layers.rmsNorm(x, weight, 1e-6)),
    ).toBeLessThan(2e-6);
  });

  test('softmax', async () => {
    const wide = map(x, (value) => Math.fround(value * 5));
    expect(await errorOf([wide], (a) => ops.softmax(a!), layers.softmax(wide))).toBeLessThan(3e-6);
  });

  test.each(Object.entries(activations))('%s', async (_, [operator, reference]) => {
    const wide = map(x, (value) => Math.fround(value * 4));
    expect(await errorOf([wide], (a) => operator(a!), map(wide, reference))).toBeLessThan(2e-6);
  });
});

test('layer_norm of a mean that is 1,000 deviations keeps its digits', async () => {
  const x = map(normal([3, 65], 4), (value) => Math.fround(value + 1000));
  expect(await errorOf([x], (a) => ops.layerNorm(a!), layers.layerNorm(x, undefined, undefined, 1e-5))).toBeLessThan(
    2e-6,
  );
});

test('softmax gives nothing at all to −∞, and stays finite for ±10,000', async () => {
  const x = nd([2, 5], [-Infinity, 0, 1, -Infinity, 2, 10_000, -10_000, 9_999, 0, -Infinity]);
  expect(await errorOf([x], (a) => ops.softmax(a!), layers.softmax(x))).toBeLessThan(1e-6);
  const y = await ops.read(ops.softmax(tensor(x)));
  expect([y[0], y[3], y[6], y[9]]).toEqual([0, 0, 0, 0]);
});

test('activations of what is far out and of NaN', async () => {
  const x = nd([6], [-1e4, -100, -12, 12, 1e4, Number.NaN]);
  for (const [operator, reference] of Object.values(activations)) {
    const y = await ops.read(operator(tensor(x)));
    expect(y[5]).toBeNaN();
    expect(relativeError(y.subarray(0, 5), map(x, reference).data.subarray(0, 5))).toBeLessThan(1e-6);
  }
});

describe.each(['halves', 'interleaved'] as const)('rotary, %s', (pairs) => {
  test.each([
    [2, 1],
    [4, 1],
    [6, 1],
    [8, 0.5],
    [12, 0.5],
    [24, 0.25],
    [64, 1],
  ])('%i features, a share of %d', async (width, share) => {
    const x = normal([2, 5, 3, width], width);
    const expected = rotary(x, { pairs, share, start: 7 });
    const run = (a?: Tensor) => ops.rotary(a!, { pairs, share, grows: true }, scopeAt(7));
    expect(await errorOf([x], run, expected)).toBeLessThan(1e-6);
    expect(await kernelsOf(() => run(tensor(x)))).toContain('TfmRotary');
  });

  test('positions of their own for each sequence', async () => {
    const x = normal([2, 3, 2, 12], 1);
    const whole = await Promise.all(
      [4, 9].map(async (position, b) => {
        const own = nd([1, 3, 2, 12], x.data.subarray(b * 72, (b + 1) * 72));
        return rotary(own, { pairs, start: position }).data;
      }),
    );
    const expected = nd(
      x.shape,
      whole.flatMap((part) => [...part]),
    );
    expect(await errorOf([x], (a) => ops.rotary(a!, { pairs, grows: true }, scopeAt([4, 9])), expected)).toBeLessThan(
      1e-6,
    );
  });
});

test('embedding copies rows by its own kernel: repeated ids, zeros for ids outside', async () => {
  const table = normal([7, 5], 1);
  const given = tensor(table);
  const ids = tf.tensor2d([6, 0, 6, 7, -1, 3], [2, 3], 'int32');
  poison(30);
  expect(await kernelsOf(() => ops.embedding(ids, { weight: given }))).toContain('TfmTakeRows');
  const rows = ops.embedding(ids, { weight: given });
  expect(rows.shape).toEqual([2, 3, 5]);
  const expected = [6, 0, 6, 7, -1, 3].flatMap((id) => {
    const row = [...table.data.slice(Math.max(id, 0) * 5, Math.max(id, 0) * 5 + 5)];
    return id < 0 || id > 6 ? [0, 0, 0, 0, 0] : row;
  });
  expect([...(await ops.read(rows))]).toEqual(expected.map(Math.fround));
  tf.dispose([given, ids, rows]);
});
