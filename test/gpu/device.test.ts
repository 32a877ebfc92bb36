// Loses devices.
// @vitest-environment-options { "process": "lost devices" }
import * as tf from '@tensorflow/tfjs';
import type { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu';
import { beforeEach, describe, expect, test } from 'vitest';
import { copyWeights, read, restoreWeights, useBackend } from '../../runtime/src/index.js';
import { output, perturbed } from '../support/specs.js';

const device = () => (tf.backend() as WebGPUBackend).device;

describe('webgpu', () => {
  beforeEach(async () => {
    expect(await useBackend()).toBe('webgpu');
  });

  test('small tensors are computed on the device, too', async () => {
    expect(tf.env().get('WEBGPU_CPU_FORWARD')).toBe(false);
    expect(await read(tf.add(tf.tensor1d([1, 2]), 1))).toEqual(Float32Array.of(2, 3));
  });

  // tfjs starts a device of its own as soon as somebody asks for the backend, and once it is there, takes it.
  test('the device is the one that was asked for with all that the adapter has, also the second time', async () => {
    const adapter = await navigator.gpu.requestAdapter();
    const { maxStorageBuffersPerShaderStage: most } = adapter!.limits;
    expect(device().limits.maxStorageBuffersPerShaderStage).toBe(most);
    const first = device();
    expect(await useBackend('webgpu')).toBe('webgpu');
    expect(device()).toBe(first);
  });

  test('an error of the device is told by the next read, once', async () => {
    const x = tf.tensor1d([1, 2]);
    device().createShaderModule({ code: 'this is no WGSL' });
    device().createBuffer({ size: 4, usage: 0xffff });
    await expect(read(tf.add(x, 1))).rejects.toMatchObject({ code: 'TFM5502', help: expect.stringContaining('wasm') });
    expect(await read(tf.add(x, 1))).toEqual(Float32Array.of(2, 3));
  });

  test('a lost device is an error that says what to do; a new one takes its place', async () => {
    const x = tf.tensor1d([1, 2]);
    const lost = device();
    lost.destroy();
    await lost.lost;
    await expect(read(x)).rejects.toMatchObject({
      code: 'TFM5503',
      help: expect.stringContaining("useBackend('webgpu')"),
    });
    expect(await useBackend('webgpu')).toBe('webgpu');
    expect(device()).not.toBe(lost);
    expect(await read(tf.add(tf.tensor1d([1, 2]), 1))).toEqual(Float32Array.of(2, 3));
  });

  test('a device out of memory says to give it less', async () => {
    const event = new Event('uncapturederror', { cancelable: true });
    device().dispatchEvent(Object.assign(event, { error: new GPUOutOfMemoryError('no room') }));
    await expect(read(tf.tensor1d([1]))).rejects.toMatchObject({
      code: 'TFM5502',
      message: expect.stringContaining('no room'),
      help: expect.stringContaining('shorter sequence'),
    });
  });

  test('on a new device a model goes on with its weights', async () => {
    const model = await perturbed('test/fixtures/specs/nano_gpt.tfm', 'NanoGpt', { width: 12, depth: 1 });
    const logits = () => output(model, { tokens: [[0, 1, 2, 1]] });
    const before = await logits();
    const copies = await copyWeights(model);
    const lost = device();
    lost.destroy();
    await lost.lost;
    await expect(logits()).rejects.toMatchObject({ code: 'TFM5503', help: expect.stringContaining('restoreWeights') });
    expect(await useBackend('webgpu')).toBe('webgpu');
    restoreWeights(model, copies);
    expect(await logits()).toEqual(before);
    const [path] = copies.keys();
    expect(() => restoreWeights(model, new Map([...copies].filter(([name]) => name !== path)))).toThrow(
      expect.objectContaining({ code: 'TFM5309', message: expect.stringContaining(path!) }),
    );
    model.dispose();
  });
});
