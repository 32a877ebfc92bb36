import type { TensorInfo } from '@tensorflow/tfjs';
import { type Dispatch, uniformWords } from '../../kernels/webgpu/dispatch.js';
import type { WebGpuKernel } from '../../kernels/webgpu/kernel.js';

/** What one dispatch binds: a buffer, or small data, which goes into the arena of the recording. */
export type Resource = GPUBuffer | ArrayBuffer | GPUBufferBinding;

/** One dispatch as it was captured. */
export interface CapturedDispatch {
  readonly name: string;
  readonly results: readonly (readonly number[])[];
  readonly pipeline: GPUComputePipeline;
  readonly layout: GPUBindGroupLayout;
  readonly resources: readonly Resource[];
  readonly workgroups: readonly [number, number, number];
  /** What its code depends on, where it is ours. */
  readonly constants: Readonly<Record<string, number>>;
}

/** A kernel whose JavaScript runs again for each step, and which of the dispatches are its. */
export interface VaryingKernel {
  readonly run: WebGpuKernel<undefined>;
  /** What it made, in order. */
  readonly outputs: readonly TensorInfo[];
  readonly from: number;
  readonly count: number;
}

/** A tensor whose numbers are written anew for each step. */
export interface StepBuffer {
  readonly buffer: GPUBuffer;
  readonly dtype: 'float32' | 'int32' | 'bool';
}

/** The small data of a dispatch of ours, in the order of its bindings: arrays, then uniforms. */
export function smallDataOf(of: Dispatch): ArrayBuffer[] {
  const arrays = Object.values(of.reads).flatMap(({ of: data }) => (ArrayBuffer.isView(data) ? [data.buffer] : []));
  return [...arrays, uniformWords(of)];
}

/** Whether a dispatch has the pipeline of the captured one. Its operands are the same, so all else is. */
export function hasSamePipeline(of: Dispatch, captured: CapturedDispatch): boolean {
  if (of.name !== captured.name) return false;
  return Object.entries(of.constants).every(([name, value]) => captured.constants[name] === value);
}
