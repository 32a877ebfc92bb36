// Replaces `navigator.gpu`.
// @vitest-environment-options { "process": "install" }
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import * as tf from '@tensorflow/tfjs';
import { expect, test } from 'vitest';
import { read, useBackend } from '../../runtime/src/index.js';
import { describeAdapter, installWebGPU } from '../../runtime/src/node.js';

test('installWebGPU gives the process a navigator.gpu with an adapter', async () => {
  const before = navigator.gpu;
  expect(await installWebGPU()).toBe(true);
  expect(navigator.gpu).not.toBe(before);
  expect(await navigator.gpu.requestAdapter()).toMatchObject({ features: expect.anything() });
});

test('the adapter of the tests is software', async () => {
  expect(await installWebGPU()).toBe(true);
  expect(await describeAdapter()).toEqual({ name: expect.stringContaining('SwiftShader'), software: true });
});

test('a device outlives the installation that it is of', async () => {
  await useBackend('webgpu');
  expect(await installWebGPU()).toBe(true);
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  for (let i = 0; i < 5; i++) {
    collect();
    await new Promise((resolve) => setTimeout(resolve, 10)); // finalizers run between tasks
  }
  expect([...(await read(tf.fill([2], 3)))]).toEqual([3, 3]);
});
