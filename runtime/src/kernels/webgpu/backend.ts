import type { TensorInfo } from '@tensorflow/tfjs';

/** The part of tfjs's WebGPU backend that is used here; some of it is private in its types. */
export interface GpuBackend {
  readonly device: GPUDevice;
  readonly queue: GPUQueue;
  readonly tensorMap: { get(dataId: object): { readonly resource?: GPUBuffer } };
  readonly bufferManager: { acquireBuffer(bytes: number, usage: number): GPUBuffer };
  readonly commandEncoder: GPUCommandEncoder | null;
  computePassEncoder: GPUComputePassEncoder | null;
  /** Data whose buffers go back to the pool at the next submit, and not before. */
  readonly commandQueueOwnedIds: { add(dataId: object): unknown };
  /** Buffers that go back to the pool at the next submit. */
  readonly uniformPendingDisposal: GPUBuffer[];
  dispatchCountInPass: number;
  ensureCommandEncoderReady(): void;
  endComputePassEncoder(): void;
  submitQueue(): void;
  uploadToGPU(dataId: object): void;
  makeTensorInfo(shape: readonly number[], dtype: 'float32'): TensorInfo;
  disposeData(dataId: object): boolean;
}

/** The buffer of a tensor, which is uploaded where it is not on the device yet: that ends the compute pass. */
export function bufferOf(backend: GpuBackend, { dataId }: TensorInfo): GPUBuffer {
  backend.uploadToGPU(dataId);
  const { resource } = backend.tensorMap.get(dataId);
  if (!resource) throw new Error('tfjs-backend-webgpu keeps buffers elsewhere: another version than in package.json?');
  return resource;
}

/**
 * Small data in a buffer from tfjs's pool, until the next submit. `writeBuffer` comes before all commands that are not
 * submitted yet, which is right, because none of them uses a buffer that was in the pool. tfjs's own uploads make a new
 * buffer each time, and end the compute pass.
 */
export function dataBuffer(backend: GpuBackend, data: ArrayBuffer, usage: number): GPUBuffer {
  const buffer = backend.bufferManager.acquireBuffer(data.byteLength, usage | GPUBufferUsage.COPY_DST);
  backend.queue.writeBuffer(buffer, 0, data);
  backend.uniformPendingDisposal.push(buffer);
  return buffer;
}
