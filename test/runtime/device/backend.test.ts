// How wasm starts is said by the first call in a process.
// @vitest-environment-options { "process": "backend" }
import * as tf from '@tensorflow/tfjs';
import { describe, expect, test } from 'vitest';
import { activeBackend, read, TfmError, useBackend } from '../../../runtime/src/index.js';

describe('useBackend in Node without navigator.gpu', () => {
  test('prefers wasm, with SIMD and without threads', async () => {
    expect(await useBackend()).toBe('wasm');
    expect(activeBackend()).toBe('wasm');
    expect(await tf.env().getAsync('WASM_HAS_SIMD_SUPPORT')).toBe(true);
    expect(tf.env().get('WASM_HAS_MULTITHREAD_SUPPORT')).toBe(false);
    expect(await read(tf.add(tf.tensor1d([1, 2]), 1))).toEqual(Float32Array.of(2, 3));
  });

  test('refuses more threads where wasm was started for one', async () => {
    await useBackend('wasm', { threads: 1 });
    const refused = await useBackend('wasm', { threads: 2 }).catch((error: unknown) => error);
    expect(refused).toMatchObject({ code: 'TFM5505', help: expect.stringContaining('before any other call') });
  });

  test('gives cpu where that is asked for', async () => {
    expect(await useBackend('cpu')).toBe('cpu');
    expect(await read(tf.tensor1d([1, 0], 'bool'))).toEqual(Uint8Array.of(1, 0));
  });

  test('refuses webgpu, says what to do, and leaves the backend as it was', async () => {
    await useBackend('cpu');
    const refused = await useBackend('webgpu').catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(TfmError);
    expect(refused).toMatchObject({ code: 'TFM5501', help: expect.stringContaining('installWebGPU()') });
    expect(activeBackend()).toBe('cpu');
  });
});
