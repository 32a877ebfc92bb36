import type { Tensor, TensorInfo } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import { TfmError } from '../errors.js';
import { memoryOf, type WasmBackend } from '../kernels/wasm/instance.js';
import { bufferOf, type GpuBackend } from '../kernels/webgpu/backend.js';

/** A tensor of the active backend that takes its values piece by piece, so that no second copy of a weight is held. */
export interface WeightRoom {
  readonly tensor: Tensor;
  /** Copies values to positions from `at` on. */
  put(at: number, values: Float32Array): void;
}

/** A tensor of this shape, its values not yet set. Throws `TfmError` TFM5504 where the backend has no memory for it. */
export function weightRoom(shape: readonly number[]): WeightRoom {
  switch (tf.getBackend()) {
    case 'wasm':
      return wasmRoom(shape, tf.backend() as unknown as WasmBackend);
    case 'webgpu':
      return gpuRoom(shape, tf.backend() as unknown as GpuBackend);
    default:
      return plainRoom(shape);
  }
}

/** 32-bit addresses. */
const WASM_BYTES = 2 ** 32;

/** Throws `TfmError` TFM5504 where the weights cannot fit into the active backend, before any is read. */
export function requireRoom(shapes: readonly (readonly number[])[]): void {
  const bytes = 4 * shapes.reduce((total, shape) => total + countOf(shape), 0);
  if (tf.getBackend() === 'wasm' && bytes >= WASM_BYTES) throw noRoom(`the weights take ${gigabytes(bytes)}`);
}

/** tfjs's heap. Its memory may grow between two pieces, which takes views of it away. */
function wasmRoom(shape: readonly number[], backend: WasmBackend): WeightRoom {
  const tensor = tensorOf(backend.makeOutput([...shape], 'float32'));
  const { memoryOffset } = backend.dataIdMap.get(tensor.dataId);
  // tfjs does not look at what its malloc returns: 0 is no memory, and the first address.
  if (memoryOffset === 0 && tensor.size > 0) {
    tensor.dispose();
    throw noRoom(`a weight of ${gigabytes(4 * tensor.size)} does not fit beside what is there`);
  }
  const memory = memoryOf(backend);
  return {
    tensor,
    put: (at, values) => new Float32Array(memory.buffer, memoryOffset, tensor.size).set(values, at),
  };
}

function gpuRoom(shape: readonly number[], backend: GpuBackend): WeightRoom {
  const info = backend.makeTensorInfo(shape, 'float32');
  const tensor = tensorOf(info);
  return {
    tensor,
    put: (at, values) => {
      if (values.length === 0) return;
      backend.queue.writeBuffer(bufferOf(backend, info), 4 * at, values as Float32Array<ArrayBuffer>);
    },
  };
}

/** A backend that keeps the array that it is given: cpu. */
function plainRoom(shape: readonly number[]): WeightRoom {
  const data = new Float32Array(countOf(shape));
  return { tensor: tf.tensor(data, [...shape], 'float32'), put: (at, values) => data.set(values, at) };
}

function tensorOf(info: TensorInfo): Tensor {
  return tf.engine().makeTensorFromTensorInfo(info);
}

function countOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

function noRoom(what: string): TfmError {
  return new TfmError(
    'TFM5504',
    `${what}, and the wasm backend addresses 4 GB`,
    "useBackend('webgpu') has the memory of the GPU",
  );
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(1)} GB`;
}
