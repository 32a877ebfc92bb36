// Its shaders count, and no other test may get them.
// @vitest-environment-options { "process": "own device" }
import type { Tensor } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import type { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu';
import { beforeAll, describe, expect, test } from 'vitest';
import { read, useBackend } from '../../../runtime/src/index.js';
import { lanesOfSubgroup } from '../../../runtime/src/kernels/webgpu/subgroups.js';
import {
  type CountedCase,
  countedCases,
  decodeCase,
  decodeEndsCase,
  gridCase,
  heads,
  pairsNeeded,
  run,
} from '../../support/attention-counts.js';
import { withoutSubgroups } from './subgroups.js';

/** Where shaders compute the products of a tile of queries and keys, or of a key, and the pairs that it has. */
const visits: readonly (readonly [at: string, count: string])[] = [
  ['var s0 = vec4f(0);', 'if (lane == 0) { atomicAdd(&visited, u32(TILE * TILE)); }'],
  ['if (isRead) {', 'if (part == 0) { atomicAdd(&visited, u32(ROWS)); }'],
  ['var products0 = vec4f(0);', 'if (lane == 0) { atomicAdd(&visited, u32(LANES * ROWS)); }'],
];
const binding = 15;
let counter: GPUBuffer;

/** From now on the kernels of attention count the pairs that they visit. */
function count(device: GPUDevice): void {
  counter = device.createBuffer({
    size: 4,
    usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST,
  });
  const of = device as { -readonly [Name in keyof GPUDevice]: GPUDevice[Name] };
  const { createBindGroupLayout, createBindGroup, createShaderModule } = of;
  const isAttention = (label: string | undefined) => label?.startsWith('attention') ?? false;
  of.createBindGroupLayout = (descriptor) => {
    const own = { binding, visibility: GPUShaderStage.COMPUTE, buffer: { type: 'storage' as const } };
    const entries = isAttention(descriptor.label) ? [...descriptor.entries, own] : descriptor.entries;
    return createBindGroupLayout.call(device, { ...descriptor, entries });
  };
  of.createBindGroup = (descriptor) => {
    const own = { binding, resource: { buffer: counter } };
    const entries = isAttention(descriptor.label) ? [...descriptor.entries, own] : descriptor.entries;
    return createBindGroup.call(device, { ...descriptor, entries });
  };
  of.createShaderModule = (descriptor) => {
    let { code } = descriptor;
    if (isAttention(descriptor.label)) {
      for (const [at, statement] of visits) code = code.replace(at, `${at} ${statement}`);
      const declared = `@group(0) @binding(${binding}) var<storage, read_write> visited: atomic<u32>;`;
      code = code.replace(/^(enable .*;\n)*/, (enabled) => `${enabled}${declared}\n`);
    }
    return createShaderModule.call(device, { ...descriptor, code });
  };
}

beforeAll(async () => {
  expect(await useBackend('webgpu')).toBe('webgpu');
  count((tf.backend() as WebGPUBackend).device);
});

/** The pairs that a run visits. */
async function visited(of: CountedCase, backward: boolean): Promise<number> {
  const { device } = tf.backend() as WebGPUBackend;
  device.queue.writeBuffer(counter, 0, new Uint32Array(1));
  const results: Tensor[] = run(of, backward);
  for (const result of results) await read(result);
  tf.dispose(results);
  const copy = device.createBuffer({ size: 4, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST });
  const encoder = device.createCommandEncoder();
  encoder.copyBufferToBuffer(counter, 0, copy, 0, 4);
  device.queue.submit([encoder.finish()]);
  await copy.mapAsync(GPUMapMode.READ);
  const [pairs] = new Uint32Array(copy.getMappedRange());
  copy.destroy();
  return pairs!;
}

describe('pairs of query and key that are computed are within 15 % of what the mask needs, in tiles of 32', () => {
  test.each([...countedCases, gridCase])('forward and backward: $name', async (of) => {
    const needed = pairsNeeded(of, 32, 32) * heads;
    const forward = await visited(of, false);
    // The gradients of query, key and value visit them once each.
    const backward = ((await visited(of, true)) - forward) / 3;
    for (const found of [forward, backward]) {
      expect(found).toBeGreaterThanOrEqual(pairsNeeded(of, 1, 1) * heads);
      expect(found / needed).toBeLessThan(1.15);
    }
  });

  test.each([decodeCase, decodeEndsCase])('decode: $name', async (of) => {
    const { device } = tf.backend() as WebGPUBackend;
    const lanes = lanesOfSubgroup(device) ?? 1;
    expect(await visited(of, false)).toBe(pairsNeeded(of, 1, lanes) * heads);
    if (lanes > 1)
      await withoutSubgroups(device, async () => expect(await visited(of, false)).toBe(pairsNeeded(of, 1, 1) * heads));
  });
});
