import type { TensorInfo } from '@tensorflow/tfjs';
import { isWatched } from '../../replay/tracking.js';
import type { Dispatch, Pipeline } from './dispatch.js';
import type { WebGpuKernel } from './kernel.js';

/** Notes what a step of a generation runs, to run it again (replay/webgpu/capture.ts). */
export interface KernelRecorder {
  /** Runs a kernel of ours. */
  kernel<Attributes>(
    run: WebGpuKernel<Attributes>,
    operands: readonly (TensorInfo | undefined)[],
    attributes: Attributes,
  ): TensorInfo | TensorInfo[];
  dispatched(of: Dispatch, pipeline: Pipeline): void;
}

let recorder: KernelRecorder | undefined;

export function setRecorder(to: KernelRecorder | undefined): void {
  recorder = to;
}

/** Whoever records what runs now. */
export function activeRecorder(): KernelRecorder | undefined {
  return isWatched() ? recorder : undefined;
}
