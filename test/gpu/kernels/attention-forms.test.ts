import type { Tensor } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import type { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu';
import { beforeAll, describe, expect, test } from 'vitest';
import { create } from 'webgpu';
import { attend, causal, f, read, useBackend } from '../../../runtime/src/index.js';
import type { AttendAttributes } from '../../../runtime/src/kernels/attributes.js';
import { attention as kernel } from '../../../runtime/src/kernels/webgpu/attention.js';
import type { GpuBackend } from '../../../runtime/src/kernels/webgpu/backend.js';
import { type Dispatch, pipelineOf } from '../../../runtime/src/kernels/webgpu/dispatch.js';
import { choosePrecision } from '../../../runtime/src/kernels/webgpu/precision.js';
import { lanesOfSubgroup } from '../../../runtime/src/kernels/webgpu/subgroups.js';
import { normal } from '../../support/cases/case.js';
import { relativeError } from '../../support/compare.js';
import type { Nd } from '../../support/reference/array.js';
import { attention } from '../../support/reference/attention.js';
import { poison, tensor } from './kit.js';
import { withoutSubgroups, withShaders, withSubgroupsOf } from './subgroups.js';

/** Kept: Dawn aborts the process when an instance is collected before its devices. */
const imagined = create(['backend=null']);
let device: GPUDevice;
beforeAll(async () => {
  expect(await useBackend('webgpu')).toBe('webgpu');
  device = (tf.backend() as WebGPUBackend).device;
});

/** Four heads of queries, one of keys. */
function inputs(queries: number, keys: number, width: number, valueWidth: number): [Nd, Nd, Nd] {
  return [normal([1, queries, 4, width], 1), normal([1, keys, 1, width], 2), normal([1, keys, 1, valueWidth], 3)];
}

/** Keys at both ends: no interval, and between the ends there are tiles that nobody sees. */
const ends = {
  mask: f.mask(({ q, k }) => f.or(f.less(k, f.add(q, 4)), f.greater(k, 140))),
  seen: ({ q, k }: { readonly q: number; readonly k: number }) => k < q + 4 || k > 140,
};

async function resultOf(given: readonly Nd[], mask: typeof causal): Promise<ArrayLike<number>> {
  const tensors = given.map(tensor) as [Tensor, Tensor, Tensor];
  const [{ shape }, , { shape: valueShape }] = given as [Nd, Nd, Nd];
  poison(shape[1]! * 4 * valueShape[3]!);
  const y = tf.tidy(() => attend(...tensors, { mask }));
  const numbers = await read(y);
  tf.dispose([...tensors, y]);
  return numbers;
}

async function errorUnderEnds(queries: number, width: number, valueWidth: number): Promise<number> {
  const given = inputs(queries, 150, width, valueWidth);
  return relativeError(await resultOf(given, ends.mask), attention(...given, { mask: ends.seen }).data);
}

test('threads of a workgroup that is one subgroup of whatever size', () => {
  const lanes = (subgroupMinSize: number, subgroupMaxSize: number, features = ['subgroups']) =>
    lanesOfSubgroup({
      features: new Set(features),
      adapterInfo: { subgroupMinSize, subgroupMaxSize },
    } as unknown as GPUDevice);
  const found = [lanes(4, 4), lanes(8, 8), lanes(32, 32), lanes(32, 64), lanes(64, 128), lanes(128, 128)];
  expect(found).toEqual([4, 8, 32, 32, 64, 64]);
  expect([lanes(4, 64), lanes(8, 32), lanes(32, 32, []), lanes(0, 0)]).toEqual(Array(4).fill(undefined));
});

// Few threads along a row of values, so that each has several columns, or more than one row of values at a time.
test.each([
  [16, 33, 256],
  [32, 64, 64],
])('subgroups of %i threads, keys of %i features, values of %i', async (size, width, valueWidth) => {
  await withSubgroupsOf(size, device, async () => {
    for (const queries of [2, 37]) expect(await errorUnderEnds(queries, width, valueWidth)).toBeLessThan(2e-5);
  });
});

// attention-table.test.ts has heads of 8 features. Rows of vectors and of numbers; the last column of values not full.
test.each([
  [64, 64],
  [100, 255],
])('without subgroups, keys of %i features, values of %i', async (width, valueWidth) => {
  await withoutSubgroups(device, async () => {
    for (const queries of [2, 37]) expect(await errorUnderEnds(queries, width, valueWidth)).toBeLessThan(2e-5);
  });
});

describe('halves in workgroup memory', () => {
  test('a device that lacks them says so; another precision is refused', async () => {
    expect(device.features.has('shader-f16')).toBe(false);
    const refused = useBackend('webgpu', { precision: 'float16' });
    await expect(refused).rejects.toMatchObject({ code: 'TFM5506', help: expect.stringContaining('float32') });
    const unknown = useBackend('webgpu', { precision: 'half' as 'float16' });
    await expect(unknown).rejects.toMatchObject({ code: 'TFM5307' });
    expect(await useBackend('webgpu', { precision: 'float32' })).toBe('webgpu');
  });

  /** float32 that is rounded wherever a number becomes a half. */
  const rounded = (code: string) =>
    code
      .replace('enable f16;\n', '')
      .replace('alias Stored = vec4<f16>;', 'alias Stored = vec4f;')
      .replace(
        'return Stored(clamp(v, vec4f(-65504), vec4f(65504)));',
        'return quantizeToF16(clamp(v, vec4f(-65504), vec4f(65504)));',
      );

  test.each([
    [64, 64],
    [33, 40],
  ])(
    'products, sums and softmax of what is rounded once, keys of %i features, values of %i',
    async (width, valueWidth) => {
      const given = inputs(40, 70, width, valueWidth);
      const [q, k, v] = given;
      const seen = { mask: ({ q: t, k: j }: { readonly q: number; readonly k: number }) => j <= t + 30, start: 0 };
      const expected = attention(...given, seen).data;
      const mask = f.mask(({ q: t, k: j }) => f.lessEqual(j, f.add(t, 30)));
      const codes: string[] = [];
      choosePrecision(device, 'float16');
      const found = await withShaders(
        device,
        (code) => {
          codes.push(code);
          return rounded(code);
        },
        () => resultOf(given, mask),
      ).finally(() => choosePrecision(device, 'float32'));
      expect(codes.filter((code) => code.includes('enable f16;'))).toHaveLength(1);
      // A half is off by u = 2^-11 of itself. A score is off by δ ≤ (2 u + u²) · scale · Σ |q| |k|, so that probabilities are off by a
      // factor within e^±2δ; each value and its weight are off by u of themselves. What float32 adds is 100 times smaller.
      const u = 2 ** -11;
      const largest = (x: Nd, of: number) => Math.max(...rowsOf(x, of).map((row) => Math.hypot(...row)));
      const delta = (2 * u + u * u) * width ** -0.5 * largest(q, width) * largest(k, width);
      const most = Math.max(...v.data.map(Math.abs));
      const bound = (Math.exp(2 * delta) * (1 + u) ** 2 - 1) * most + 1e-5;
      const errors = Array.from(expected, (y, i) => Math.abs(y - found[i]!));
      expect(Math.max(...errors)).toBeLessThan(bound);
      expect(Math.max(...errors)).toBeLessThan(5e-3);
      expect(Math.max(...errors)).toBeGreaterThan(2e-5); // they are halves
    },
  );

  test('large numbers stay finite', async () => {
    const [q, k, v] = inputs(40, 70, 64, 64);
    const large = { ...v, data: v.data.map((value) => value * 1e6) };
    choosePrecision(device, 'float16');
    const found = await withShaders(device, rounded, () => resultOf([q, k, large], causal)).finally(() =>
      choosePrecision(device, 'float32'),
    );
    expect(Array.from(found).every((y) => Math.abs(y) <= 65_536)).toBe(true);
    expect(Math.max(...Array.from(found))).toBeGreaterThan(60_000);
  });
});

test('shaders of every form are valid on a device that has all features', async () => {
  const adapter = await imagined.requestAdapter();
  const all = await adapter!.requestDevice({ requiredFeatures: ['shader-f16', 'subgroups'] });
  Object.defineProperty(all, 'adapterInfo', { value: { subgroupMinSize: 32, subgroupMaxSize: 64 } });
  const forms: string[] = [];
  for (const precision of ['float32', 'float16'] as const) {
    choosePrecision(all, precision);
    for (const [queries, width, extras] of [
      [1, 64, false],
      [40, 128, true],
      [40, 33, false],
    ] as const)
      for (const of of dispatchesOf(all, queries, width, extras)) {
        all.pushErrorScope('validation');
        pipelineOf(all, of);
        expect(await all.popErrorScope(), of.name).toBeNull();
        forms.push(`${of.name}: ${of.subgroups ? 'subgroups' : ''}${of.halves ? 'halves' : ''}`);
      }
  }
  const few = ['attention of few queries: subgroups', 'attention of few queries, all keys together: '];
  const many = (form: string) => [`attention of many queries: ${form}`, `attention of many queries: ${form}`];
  expect(forms).toEqual([...few, ...many('subgroups'), ...few, ...many('halves')]);
  all.pushErrorScope('validation');
  all.createShaderModule({ code: 'enable f16; fn broken() -> f16 { return 1.0f; }' });
  expect(await all.popErrorScope()).not.toBeNull();
  all.destroy();
});

/** What attention would run on a device; `extras` are a bias, a mask and sinks. */
function dispatchesOf(on: GPUDevice, queries: number, width: number, extras: boolean): Dispatch[] {
  const dispatches: Dispatch[] = [];
  const info = (shape: readonly number[]) => ({ dataId: {}, shape: [...shape], dtype: 'float32' as const });
  const backend = {
    device: on,
    again: (of: Dispatch) => dispatches.push(of),
    makeTensorInfo: info,
    disposeData: () => true,
  } as unknown as GpuBackend;
  const [q, k, v] = inputs(queries, 70, width, width).map(({ shape }) => info(shape));
  const added = extras ? [info([1, 4, queries, 70]), info([1, 1, queries, 70]), info([4])] : [];
  const attributes: AttendAttributes = {
    ...{ scale: 0.1, cap: extras ? 30 : 0, keys: 70, headsFirst: false },
    visible: { firsts: new Int32Array(queries), ends: new Int32Array(queries).fill(70) },
    ...{ biasByDistance: false, maskByDistance: false, pairs: undefined, dropout: undefined, keepsLogSumExp: false },
  };
  kernel([q, k, v, ...added], attributes, backend);
  return dispatches;
}

function rowsOf({ data }: Nd, width: number): number[][] {
  return Array.from({ length: data.length / width }, (_, i) => Array.from(data.slice(i * width, (i + 1) * width)));
}
