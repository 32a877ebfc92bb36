import type { Tensor } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import type { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import * as ops from '../../../runtime/src/index.js';
import { runProjection } from '../../../runtime/src/kernels/projection.js';
import { runLazily } from '../../../runtime/src/lazy/tensor.js';
import { normal } from '../../support/cases/case.js';
import { TestScope } from '../../support/cases/scope.js';
import { map, type Nd, zip } from '../../support/reference/array.js';
import * as elementwise from '../../support/reference/elementwise.js';
import * as layers from '../../support/reference/layers.js';
import { checked } from './kit.js';

beforeAll(async () => {
  expect(await ops.useBackend('webgpu')).toBe('webgpu');
});

// Few rows and many; widths and outputs that fill no vector, no tile; more than a tile.
const sizes = [
  [1, 64, [16, 8, 8]],
  [3, 5, [7, 3, 3]],
  [8, 130, [33, 33, 1]],
  [9, 6, [5, 40, 40]],
  [40, 67, [70, 3, 35]],
  [70, 64, [64, 32, 32]],
] as const;

/** As the device does it and, where that is with subgroups, as a device without them does. */
async function inEachForm(hasForms: boolean, run: (form: string) => Promise<void>): Promise<void> {
  await run('as it is');
  const { device } = tf.backend() as WebGPUBackend;
  const { features } = device;
  if (!hasForms || !features.has('subgroups')) return;
  const shaders = vi.spyOn(device, 'createShaderModule');
  const has = (feature: string) => feature !== 'subgroups' && features.has(feature);
  const own = Object.getOwnPropertyDescriptor(device, 'features');
  Object.defineProperty(device, 'features', { configurable: true, value: { has } });
  try {
    await run('portable');
    expect(shaders.mock.calls.map(([{ code }]) => code).join()).not.toContain('subgroup');
  } finally {
    if (own) Object.defineProperty(device, 'features', own);
    else Reflect.deleteProperty(device, 'features');
    shaders.mockRestore();
  }
  expect(device.features.has('subgroups')).toBe(true);
}

const norms = {
  none: (x: Nd) => x,
  layer_norm: (x: Nd, gain: Nd, offset: Nd) => layers.layerNorm(x, gain, offset, 1e-5),
  rms_norm: (x: Nd, gain: Nd) => layers.rmsNorm(x, gain, 1e-5),
} as const;

describe.each(Object.entries(norms))('of an input under %s', (name, normed) => {
  const norm = (gain: Tensor, offset: Tensor) => {
    if (name === 'none') return undefined;
    const centred = name === 'layer_norm';
    return { weight: gain, bias: centred ? offset : undefined, eps: 1e-5, centred };
  };

  test.each(sizes)('%i rows of %i features, layers of %j', async (rows, width, outputs) => {
    const x = map(normal([rows, width], 1), (value) => Math.fround(value + 30));
    const [gain, offset] = [normal([width], 2), normal([width], 3)];
    const weights = outputs.map((n, i) => normal([n, width], 10 + i, 0.1));
    const biases = outputs.map((n, i) => normal([n], 20 + i));
    const input = normed(x, gain, offset);
    const all = [x, gain, offset, ...weights, ...biases];
    for (const [i] of outputs.entries()) {
      const run = (a?: Tensor, g?: Tensor, o?: Tensor, ...rest: Tensor[]) => {
        const of = outputs.map((_, part) => ({
          weight: rest[part]!,
          bias: part === 1 ? undefined : rest[outputs.length + part],
        }));
        return runProjection({ x: a!, norm: norm(g!, o!), layers: of, activation: 'none' })[i]!;
      };
      const expected = layers.linear(input, weights[i]!, i === 1 ? undefined : biases[i]);
      await inEachForm(rows <= 8 && i === 0, async (form) => {
        const { error, dispatches } = await checked(all, run, expected);
        expect(dispatches).toEqual([rows > 8 ? 'linear of many rows' : 'linear of few rows']);
        expect(error, `layer ${i}, ${form}`).toBeLessThan(1e-5);
      });
    }
  });

  test.each(sizes)('%i rows of %i features, a gated pair of %j', async (rows, width, [outputs]) => {
    const [x, gain, offset] = [normal([rows, width], 1), normal([width], 2), normal([width], 3)];
    const [gate, up, bias] = [normal([outputs, width], 4, 0.1), normal([outputs, width], 5, 0.1), normal([outputs], 6)];
    const input = normed(x, gain, offset);
    const expected = zip(
      map(layers.linear(input, gate, bias), elementwise.silu),
      layers.linear(input, up),
      (a, b) => a * b,
    );
    const run = (a?: Tensor, g?: Tensor, o?: Tensor, first?: Tensor, second?: Tensor, b?: Tensor) => {
      const of = [
        { weight: first!, bias: b },
        { weight: second!, bias: undefined },
      ];
      return runProjection({ x: a!, norm: norm(g!, o!), layers: of, gated: true, activation: 'silu' })[0]!;
    };
    await inEachForm(rows <= 8 && name !== 'rms_norm', async (form) => {
      const { error, dispatches } = await checked([x, gain, offset, gate, up, bias], run, expected);
      expect(dispatches).toHaveLength(1);
      expect(error, form).toBeLessThan(1e-5);
    });
  });
});

describe('what is handed on lazily', () => {
  const x = normal([2, 5, 24], 1);
  const weight = normal([24, 24], 2, 0.2);

  /** The same with every value computed at once, in as many dispatches as it takes. */
  async function compared(run: (x: Tensor, w: Tensor) => Tensor): Promise<readonly [lazy: number, plain: number]> {
    const of = (...[a, w]: Tensor[]) => run(a!, w!);
    const { values, shape } = tf.tidy(() => {
      const made = of(
        tf.tensor(Float32Array.from(x.data), [...x.shape]),
        tf.tensor(Float32Array.from(weight.data), [24, 24]),
      );
      return { values: tf.keep(tf.clone(made)), shape: made.shape };
    });
    const expected = { shape, data: Float64Array.from(await ops.read(values)) };
    values.dispose();
    const plain = await checked([x, weight], of, expected);
    const before = tf.memory().numTensors;
    const lazy = await checked(
      [x, weight],
      (...given) => runLazily(() => tf.tidy(() => tf.clone(of(...given)))),
      expected,
    );
    expect(tf.memory().numTensors).toBe(before);
    expect(lazy.error).toBeLessThan(1e-5);
    return [lazy.dispatches.length, plain.dispatches.length];
  }

  test('a value that two read', async () => {
    const run = (a: Tensor, w: Tensor) => {
      const y = ops.linear(ops.layerNorm(a), { weight: w });
      return ops.add(ops.gelu(y), y);
    };
    expect(await compared(run)).toEqual([2, 4]);
  });

  test('a sum of other shapes, a product of others than a pair, a norm that tfjs reads', async () => {
    expect(await compared((a, w) => ops.add(ops.linear(a, { weight: w }), tf.ones([24])))).toEqual([2, 2]);
    const product = (a: Tensor, w: Tensor) => ops.multiply(ops.silu(ops.linear(a, { weight: w })), a);
    expect(await compared(product)).toEqual([2, 3]);
    expect(await compared((a) => tf.relu(ops.rmsNorm(a)))).toEqual([2, 2]);
  });

  test('queries and keys that turn, on their way to attention', async () => {
    const heads = (a: Tensor, w: Tensor) => ops.splitHeads(ops.linear(a, { weight: w }), { heads: 3 });
    const scope = new TestScope();
    const run = (a: Tensor, w: Tensor) => {
      const n = ops.rmsNorm(a);
      const [q, k] = [ops.rotary(heads(n, w), {}, scope), ops.rotary(heads(n, w), { share: 0.5 }, scope)];
      const turned = ops.rotary(heads(n, w), {}, scope);
      const attended = ops.attend(q, turned, heads(n, w), { mask: ops.causal }, scope);
      return ops.add(a, ops.linear(ops.joinHeads(ops.add(attended, k)), { weight: w }));
    };
    const [lazy, plain] = await compared(run);
    // q k v, their rotation, attention; the other rotation with its layer, the sum; linear.
    expect(lazy).toBe(7);
    expect(plain).toBeGreaterThan(10);
  });
});
