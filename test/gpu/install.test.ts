import { expect, test } from 'vitest';
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
