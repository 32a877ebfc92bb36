import type { Tensor } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import type { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu';
import { read } from '../../../runtime/src/index.js';
import { relativeError } from '../../support/compare.js';
import type { Nd } from '../../support/reference/array.js';

/** On the active backend. */
export function tensor({ shape, data }: Nd): Tensor {
  return tf.tensor(Float32Array.from(data), [...shape]);
}

/** Leaves NaN in the buffers that the next tensors of this size get. */
export function poison(size: number, tensors = 4): void {
  tf.dispose(Array.from({ length: tensors }, () => tf.fill([Math.max(size, 1)], Number.NaN)));
}

/** What a computation asked of the device. */
export interface Work {
  /** The names of the shaders, in order. */
  readonly dispatches: string[];
  /** Bytes of each new buffer. */
  readonly buffers: number[];
  pipelines: number;
  bindGroups: number;
  /** Of buffers that the CPU reads. */
  mappedBytes: number;
}

/** Counts what a computation asks of the active device. */
export async function workOf<T>(run: () => T | Promise<T>): Promise<{ readonly work: Work; readonly result: T }> {
  const { device } = tf.backend() as WebGPUBackend;
  const work: Work = { dispatches: [], buffers: [], pipelines: 0, bindGroups: 0, mappedBytes: 0 };
  const pass = GPUComputePassEncoder.prototype;
  const { setPipeline } = pass;
  pass.setPipeline = function (pipeline) {
    work.dispatches.push(pipeline.label);
    return setPipeline.call(this, pipeline);
  };
  const buffer = GPUBuffer.prototype;
  const { mapAsync } = buffer;
  buffer.mapAsync = function (...range) {
    work.mappedBytes += this.size;
    return mapAsync.apply(this, range);
  };
  const of = device as { -readonly [Name in keyof GPUDevice]: GPUDevice[Name] };
  const { createBuffer, createComputePipeline, createBindGroup } = of;
  of.createBuffer = (descriptor) => {
    work.buffers.push(descriptor.size);
    return createBuffer.call(device, descriptor);
  };
  of.createComputePipeline = (descriptor) => {
    work.pipelines++;
    return createComputePipeline.call(device, descriptor);
  };
  of.createBindGroup = (descriptor) => {
    work.bindGroups++;
    return createBindGroup.call(device, descriptor);
  };
  try {
    return { work, result: await run() };
  } finally {
    pass.setPipeline = setPipeline;
    buffer.mapAsync = mapAsync;
    Object.assign(of, { createBuffer, createComputePipeline, createBindGroup });
  }
}

/** The error of an operator of tensors against float64, after the memory of its result was poisoned; and its shaders. */
export async function checked(inputs: readonly Nd[], run: (...x: Tensor[]) => Tensor, expected: Nd) {
  const given = inputs.map(tensor);
  poison(expected.data.length);
  const { work, result } = await workOf(() => tf.tidy(() => run(...given)));
  const error = relativeError(await read(result), expected.data);
  tf.dispose([...given, result]);
  return { error, dispatches: work.dispatches };
}
