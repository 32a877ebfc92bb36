import * as tf from '@tensorflow/tfjs';
import type { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu';
import { beforeEach, describe, expect, test } from 'vitest';
import { read, useBackend } from '../../runtime/src/index.js';

const device = () => (tf.backend() as WebGPUBackend).device;

describe('webgpu', () => {
  beforeEach(async () => {
    expect(await useBackend()).toBe('webgpu');
  });

  test('small tensors are computed on the device, too', async () => {
    expect(tf.env().get('WEBGPU_CPU_FORWARD')).toBe(false);
    expect(await read(tf.add(tf.tensor1d([1, 2]), 1))).toEqual(Float32Array.of(2, 3));
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
});
