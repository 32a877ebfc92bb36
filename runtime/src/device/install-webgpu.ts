import os from 'node:os';
import { TfmError } from '../errors.js';
import { findAdapter } from './webgpu.js';

export interface InstallOptions {
  /** Options of Dawn, for example `backend=vulkan` or `adapter=…`. */
  readonly flags?: readonly string[];
}

/** What later calls replaced. Dawn aborts the process when an instance is collected while a device of it is in use. */
const replaced: GPU[] = [];

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
  if (flags.length === 0 && !mayHaveVulkan()) return false;
  const gpu = create([...flags]);
  if (globalThis.navigator.gpu) replaced.push(globalThis.navigator.gpu);
  Object.defineProperty(globalThis.navigator, 'gpu', { value: gpu, configurable: true });
  return (await gpu.requestAdapter()) !== null;
}

/** Without Vulkan there is no adapter on Linux, and Dawn would say so on standard error, unasked. */
function mayHaveVulkan(): boolean {
  if (process.platform !== 'linux') return true;
  try {
    process.dlopen({ exports: {} }, 'libvulkan.so.1', os.constants.dlopen.RTLD_LAZY);
    return true;
  } catch (error) {
    // It is no module of Node; but where this is what is wrong, it was found.
    return error instanceof Error && error.message.includes('self-register');
  }
}

export interface AdapterDescription {
  /** As the driver calls it. */
  readonly name: string;
  /** Whether it computes on the CPU: slower than wasm. */
  readonly software: boolean;
}

/** The adapter that `useBackend` would take; `undefined` where there is none. Call `installWebGPU` before. */
export async function describeAdapter(): Promise<AdapterDescription | undefined> {
  const adapter = await findAdapter();
  if (!adapter) return undefined;
  // Implementations differ in which of these they have.
  const { vendor, architecture, device, description, isFallbackAdapter, adapterType } =
    adapter.info as GPUAdapterInfo & { readonly isFallbackAdapter?: boolean; readonly adapterType?: string };
  const names = [vendor, architecture, device].filter(Boolean).join(' ');
  const software = isFallbackAdapter === true || adapterType === 'cpu' || SOFTWARE.test(`${names} ${description}`);
  return { name: description || names || 'an adapter without a name', software };
}

const SOFTWARE = /swiftshader|llvmpipe|lavapipe|software|basic render/i;
