import { afterEach, expect, test, vi } from 'vitest';
import { describeAdapter } from '../../../runtime/src/node.js';

const withAdapter = (info: object | null): void => {
  const adapter = info && { info: { vendor: '', architecture: '', device: '', description: '', ...info } };
  vi.stubGlobal('navigator', { gpu: { requestAdapter: async () => adapter } });
};

afterEach(() => {
  vi.unstubAllGlobals();
});

test.each([
  [
    { vendor: 'nvidia', architecture: 'ampere', description: 'NVIDIA GeForce RTX 3060' },
    'NVIDIA GeForce RTX 3060',
    false,
  ],
  [{ vendor: 'apple', architecture: 'metal-3', isFallbackAdapter: false }, 'apple metal-3', false],
  [{ vendor: 'google', architecture: 'swiftshader' }, 'google swiftshader', true],
  [{ vendor: 'mesa', description: 'llvmpipe (LLVM 15.0.6, 256 bits)' }, 'llvmpipe (LLVM 15.0.6, 256 bits)', true],
  [{ vendor: 'microsoft', description: 'Microsoft Basic Render Driver' }, 'Microsoft Basic Render Driver', true],
  [{ vendor: 'x', isFallbackAdapter: true }, 'x', true],
  [{ vendor: 'x', adapterType: 'cpu' }, 'x', true],
])('%o', async (info, name, software) => {
  withAdapter(info);
  expect(await describeAdapter()).toEqual({ name, software });
});

test('no adapter', async () => {
  withAdapter(null);
  expect(await describeAdapter()).toBeUndefined();
});
