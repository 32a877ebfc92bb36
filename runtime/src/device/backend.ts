import * as tf from '@tensorflow/tfjs';
import { TfmError } from '../errors.js';
import { registerCpuKernels } from '../kernels/cpu/register.js';
import { silenceAdvice } from './quiet.js';
import { startWasm, type WasmOptions } from './wasm.js';
import { findAdapter, startWebGpu, type WebGpuOptions } from './webgpu.js';

export type BackendName = 'webgpu' | 'wasm' | 'cpu';

/** Each is for one backend, and is not looked at where another one starts. */
export type BackendOptions = WasmOptions & WebGpuOptions;

/**
 * Chooses where everything is computed, and waits until it is ready. Without a preference: WebGPU where there is an
 * adapter, else wasm. A preference is met or refused, never replaced.
 *
 * The backends are imported here, on demand: WebGPU registers itself only where `navigator.gpu` is there at its import,
 * and a bundle loads only the one that is used.
 *
 * @returns The name of the active backend.
 * @throws TfmError TFM5501, saying what to do, where the preferred backend is not available; TFM5506 where the device has not the
 * precision that is asked for.
 */
export async function useBackend(preference?: BackendName, options: BackendOptions = {}): Promise<BackendName> {
  if (preference === 'cpu') return startCpu();
  if (preference !== 'wasm') {
    const adapter = await findAdapter();
    if (adapter) {
      await startWebGpu(adapter, options);
      return 'webgpu';
    }
    if (preference === 'webgpu') throw new TfmError('TFM5501', 'there is no WebGPU adapter', adapterHelp());
  }
  await startWasm(options);
  return 'wasm';
}

/** The active backend, as `useBackend` returned it. */
export function activeBackend(): string {
  return tf.getBackend();
}

async function startCpu(): Promise<'cpu'> {
  if (!(await tf.setBackend('cpu'))) throw new TfmError('TFM5501', 'the cpu backend did not start');
  silenceAdvice();
  registerCpuKernels();
  return 'cpu';
}

function adapterHelp(): string {
  const fallback = "useBackend('wasm') needs no GPU";
  return tf.env().get('IS_NODE')
    ? `install the package webgpu, call installWebGPU() of @tfm-lang/runtime/node first, and see that a Vulkan, Metal or Direct3D 12 driver is there; ${fallback}`
    : `WebGPU needs a page from https or localhost and a browser that has it; ${fallback}`;
}
