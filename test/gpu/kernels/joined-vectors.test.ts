import * as tf from '@tensorflow/tfjs';
import type { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu';
import { beforeAll, expect, test } from 'vitest';
import { read, useBackend } from '../../../runtime/src/index.js';
import { relativeError } from '../../support/compare.js';
import { perturbed, type SpecModel, variables } from '../../support/specs.js';
import { workOf } from './kit.js';

beforeAll(async () => {
  expect(await useBackend('webgpu')).toBe('webgpu');
});

/** Runs as on a device whose shaders bind at most so many arrays. */
async function withArrays<T>(most: number, run: () => Promise<T>): Promise<T> {
  const { device } = tf.backend() as WebGPUBackend;
  const { limits: own } = device;
  const limits = new Proxy(own, {
    get: (of, name) => (name === 'maxStorageBuffersPerShaderStage' ? most : Reflect.get(of, name)),
  });
  Object.defineProperty(device, 'limits', { value: limits, configurable: true });
  try {
    return await run();
  } finally {
    Object.defineProperty(device, 'limits', { value: own, configurable: true });
  }
}

const forward = async (model: SpecModel, rows: number) => {
  const tokens = [Array.from({ length: rows }, (_, i) => (i * 5) % 13)];
  const { logits } = model.forward({ tokens }, { outputs: ['logits'] });
  const values = await read(logits!);
  logits!.dispose();
  return values;
};

// 30 is no multiple of 4: vectors are then read number by number.
test.each([32, 30])('norm and biases of width %i as one array give the same numbers', async (width) => {
  const config = { vocab: 13, context: 64, width, depth: 1, heads: 2 };
  const model = await perturbed('specs/models/gpt2.tfm', 'Gpt2', config);
  for (const rows of width === 32 ? [5, 40] : [5]) {
    const expected = await forward(model, rows);
    const { result, work } = await workOf(() => withArrays(8, () => forward(model, rows)));
    expect(work.dispatches).not.toContain('layer_norm');
    // The same sums in the same order: only whether two roundings become one may differ.
    expect(relativeError(result, expected)).toBeLessThan(1e-6);
  }
  model.dispose();
});

test('a weight that changes is seen, and nothing is left of a model that is disposed', async () => {
  const config = { vocab: 13, context: 64, width: 32, depth: 1, heads: 2 };
  const bytes = await bytesOfDevice();
  await withArrays(8, async () => {
    const model = await perturbed('specs/models/gpt2.tfm', 'Gpt2', config);
    const before = await forward(model, 5);
    const bias = variables(model.weights).find(({ shape }) => shape.length === 1)!;
    bias.assign(tf.tidy(() => tf.add(bias, 1)));
    const after = await forward(model, 5);
    expect(relativeError(after, before)).toBeGreaterThan(1e-2);
    const fresh = await perturbed('specs/models/gpt2.tfm', 'Gpt2', config);
    const own = variables(fresh.weights).find(({ shape }) => shape.length === 1)!;
    own.assign(tf.tidy(() => tf.add(own, 1)));
    expect(relativeError(after, await forward(fresh, 5))).toBe(0);
    model.dispose();
    fresh.dispose();
  });
  expect((await bytesOfDevice()) - bytes).toBeLessThan(1_000);
});

/** Held by tensors. */
async function bytesOfDevice(): Promise<number> {
  await read(tf.scalar(0)); // all that was asked for is done, and its memory given back
  return (tf.memory() as tf.MemoryInfo & { readonly numBytesInGPU: number }).numBytesInGPU;
}
