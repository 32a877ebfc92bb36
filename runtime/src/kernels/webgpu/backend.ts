import type { TensorInfo } from '@tensorflow/tfjs';
import type { Dispatch } from './dispatch.js';

/** A tensor's numbers: on the CPU until they are first used on the device. */
export interface GpuData {
  resource?: GPUBuffer | undefined;
  values?: unknown;
  readonly refCount: number;
}

/** The part of tfjs's WebGPU backend that is used here; some of it is private in its types. */
export interface GpuBackend {
  readonly device: GPUDevice;
  readonly queue: GPUQueue;
  readonly tensorMap: { has(dataId: object): boolean; get(dataId: object): GpuData };
  readonly bufferManager: { acquireBuffer(bytes: number, usage: number): GPUBuffer };
  readonly commandEncoder: GPUCommandEncoder | null;
  computePassEncoder: GPUComputePassEncoder | null;
  /** Data whose buffers go back to the pool at the next submit, and not before. */
  readonly commandQueueOwnedIds: { add(dataId: object): unknown };
  /** Buffers that go back to the pool at the next submit; each submit makes a new list. */
  readonly uniformPendingDisposal: GPUBuffer[];
  /** Buffers that are destroyed after the next submit. */
  readonly stagingPendingDisposal: GPUBuffer[];
  dispatchCountInPass: number;
  ensureCommandEncoderReady(): void;
  endComputePassEncoder(): void;
  submitQueue(): void;
  uploadToGPU(dataId: object): void;
  makeTensorInfo(shape: readonly number[], dtype: 'float32' | 'bool'): TensorInfo;
  disposeData(dataId: object, force?: boolean): boolean;
  /** Takes what a kernel that runs again for another step would dispatch (replay/webgpu/program.ts). */
  readonly again?: (of: Dispatch) => void;
}

/** Tables of a step, such as those of rotary, are smaller. */
const smallBytes = 65_536;

/** The buffer of a float32 tensor, which is uploaded where it is not on the device yet. */
export function bufferOf(backend: GpuBackend, { dataId }: TensorInfo): GPUBuffer {
  const data = backend.tensorMap.get(dataId);
  const { values } = data;
  if (!data.resource && values instanceof Float32Array && values.byteLength <= smallBytes) {
    // tfjs makes a new buffer to copy from each time, and ends the compute pass. `writeBuffer` comes before all commands
    // that are not submitted yet: right, because none of them uses a buffer that was in the pool.
    // The usage is that of tfjs's tensors: its pool keeps buffers apart by size and usage.
    const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
    data.resource = backend.bufferManager.acquireBuffer(values.byteLength, usage);
    backend.queue.writeBuffer(data.resource, 0, values as Float32Array<ArrayBuffer>);
    data.values = null;
  }
  backend.uploadToGPU(dataId);
  const { resource } = data;
  if (!resource) throw new Error('tfjs-backend-webgpu keeps buffers elsewhere: another version than in package.json?');
  return resource;
}

/** Where copies between buffers go: behind all that was asked for so far. */
export function encoderOf(backend: GpuBackend): GPUCommandEncoder {
  backend.ensureCommandEncoderReady();
  backend.endComputePassEncoder();
  return backend.commandEncoder!;
}

type Forget = (backend: GpuBackend, dataId: object) => void;

const forgetting = new WeakMap<GpuBackend, Set<Forget>>();

/** Calls `forget` when the last tensor with some data is given back, before the data are: for whoever keeps what was made of them. */
export function beforeDisposal(backend: GpuBackend, forget: Forget): void {
  const known = forgetting.get(backend);
  if (known) {
    known.add(forget);
    return;
  }
  const all = new Set([forget]);
  forgetting.set(backend, all);
  const dispose = backend.disposeData.bind(backend);
  backend.disposeData = (dataId, force) => {
    const isLast = backend.tensorMap.has(dataId) && (force || backend.tensorMap.get(dataId).refCount <= 1);
    if (isLast) for (const each of all) each(backend, dataId);
    return dispose(dataId, force);
  };
}
