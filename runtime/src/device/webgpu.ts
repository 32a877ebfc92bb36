import * as tf from '@tensorflow/tfjs';
import type { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu';
import { TfmError } from '../errors.js';
import { choosePrecision, type Precision } from '../kernels/webgpu/precision.js';
import { registerWebGpuKernels } from '../kernels/webgpu/register.js';
import { isLost, watch } from './gpu-errors.js';

export interface WebGpuOptions {
  /**
   * `float16` has attention of many queries keep queries, keys, values and weights of a tile as numbers of 16 bits, on a device
   * with the feature `shader-f16`: half the memory traffic within the GPU, and results that are off by some 1e-3 where they are otherwise by
   * less than 1e-4. Sums, softmax, all other operators and whatever a gradient is taken of stay in float32. Default: float32,
   * or what was chosen before on the same device.
   */
  readonly precision?: Precision | undefined;
}

/** The device of the active backend, where that is WebGPU. */
export function activeDevice(): GPUDevice | undefined {
  return tf.getBackend() === 'webgpu' ? (tf.backend() as WebGPUBackend).device : undefined;
}

/** The adapter, or `null` where there is none: no WebGPU in this browser or process, or no driver. */
export async function findAdapter(): Promise<GPUAdapter | null> {
  // Node 20 has no `navigator`, other hosts one without `gpu`.
  const { navigator } = globalThis as { navigator?: { readonly gpu?: GPU } };
  return (await navigator?.gpu?.requestAdapter({ powerPreference: 'high-performance' })) ?? null;
}

/**
 * Makes the WebGPU backend the active one, on a device of our own: tfjs's factory asks for no optional features,
 * listens to no errors, and is not there at all when `navigator.gpu` came after its import.
 */
export async function startWebGpu(adapter: GPUAdapter, { precision }: WebGpuOptions = {}): Promise<void> {
  const { WebGPUBackend } = await import('@tensorflow/tfjs-backend-webgpu');
  tf.env().set('WEBGPU_CPU_FORWARD', false); // small tensors, too, are computed where the others are
  // Not `findBackend`: where there is none yet, it starts tfjs's own.
  const existing = tf.engine().registry.webgpu as WebGPUBackend | undefined;
  const usable = existing && !isLost(existing.device) ? existing.device : undefined;
  checkPrecision(precision, usable ?? adapter);
  if (usable) {
    watch(usable);
  } else {
    // It is known only where `navigator.gpu` was there when tfjs's package was imported.
    if (tf.engine().backendNames().includes('webgpu')) tf.removeBackend('webgpu');
    const device = await requestDevice(adapter);
    watch(device);
    // A promise: tfjs then drops a backend of its own that is still starting and would take the place of this one later.
    tf.registerBackend('webgpu', () => Promise.resolve(new WebGPUBackend(device, adapter.info)), 3);
  }
  if (!(await tf.setBackend('webgpu')))
    throw new TfmError('TFM5501', 'the WebGPU backend did not start', "useBackend('wasm') needs no GPU");
  if (precision) choosePrecision((tf.backend() as WebGPUBackend).device, precision);
  registerWebGpuKernels();
}

function checkPrecision(precision: string | undefined, { features }: GPUAdapter | GPUDevice): void {
  if (precision === undefined || precision === 'float32') return;
  if (precision !== 'float16')
    throw new TfmError('TFM5307', `precision is ${JSON.stringify(precision)}`, "give 'float32' or 'float16'");
  if (!features.has('shader-f16'))
    throw new TfmError(
      'TFM5506',
      "precision is 'float16', and shaders of this GPU have no numbers of 16 bits: it lacks the feature shader-f16",
      "leave precision out, or give 'float32', which every device computes in",
    );
}

/** Features that kernels can make use of, and the adapter's own limits instead of the portable ones. */
function requestDevice(adapter: GPUAdapter): Promise<GPUDevice> {
  const useful: GPUFeatureName[] = ['timestamp-query', 'shader-f16', 'subgroups'];
  const { limits } = adapter;
  return adapter.requestDevice({
    requiredFeatures: useful.filter((feature) => adapter.features.has(feature)),
    requiredLimits: {
      maxBufferSize: limits.maxBufferSize,
      maxStorageBufferBindingSize: limits.maxStorageBufferBindingSize,
      maxComputeWorkgroupStorageSize: limits.maxComputeWorkgroupStorageSize,
      maxComputeWorkgroupsPerDimension: limits.maxComputeWorkgroupsPerDimension,
      maxComputeWorkgroupSizeX: limits.maxComputeWorkgroupSizeX,
      maxComputeInvocationsPerWorkgroup: limits.maxComputeInvocationsPerWorkgroup,
      maxStorageBuffersPerShaderStage: limits.maxStorageBuffersPerShaderStage,
    },
  });
}
