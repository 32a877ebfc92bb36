import { TfmError } from '../errors.js';

export interface InstallOptions {
  /** Options of Dawn, for example `backend=vulkan` or `adapter=…`. */
  readonly flags?: readonly string[];
}

/**
 * Gives Node a `navigator.gpu` through the optional package `webgpu` (Dawn). Call it before `useBackend`.
 *
 * @returns Whether there is an adapter.
 * @throws TfmError TFM5501 where the package is not installed or does not load on this system.
 */
export async function installWebGPU({ flags = [] }: InstallOptions = {}): Promise<boolean> {
  const { create, globals } = await import('webgpu').catch((cause: unknown) => {
    throw new TfmError(
      'TFM5501',
      'the package webgpu cannot be loaded',
      "npm install webgpu; useBackend('wasm') needs no GPU",
      { cause },
    );
  });
  Object.assign(globalThis, globals);
  if (!('navigator' in globalThis))
    // Node 20
    Object.defineProperty(globalThis, 'navigator', { value: {}, configurable: true, writable: true });
  const gpu = create([...flags]);
  Object.defineProperty(globalThis.navigator, 'gpu', { value: gpu, configurable: true });
  return (await gpu.requestAdapter()) !== null;
}
