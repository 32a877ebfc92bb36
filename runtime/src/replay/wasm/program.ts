import type { Tensor, TensorInfo } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import { memoryOf } from '../../kernels/wasm/instance.js';
import type { RecordedKernel, StepProgram } from '../backend.js';
import type { HeldData } from '../data.js';
import type { StepArray } from '../tracking.js';
import type { HeapBackend } from './capture.js';
import type { ExportCall } from './noting-heap.js';

/** A kernel of a recorded step: calls of our module at fixed addresses, or JavaScript that runs again with the same operands. */
export interface WasmKernelRun extends RecordedKernel {
  /** What it makes, in the order in which it asks for it. */
  readonly outputs: readonly TensorInfo[];
  readonly run: readonly ExportCall[] | (() => void);
}

/** What a capture found. */
export interface CapturedStep {
  readonly backend: HeapBackend;
  readonly kernels: readonly WasmKernelRun[];
  /** Step tensors in the order in which they were made. */
  readonly inputs: readonly TensorInfo[];
  readonly result: TensorInfo;
  readonly outside: ReadonlySet<object>;
  readonly held: HeldData;
  /** Gives back what is used beside tensors. */
  readonly release: () => void;
}

/** A step of a generation on the wasm backend: calls at fixed addresses. No tensor is made, and no memory taken. */
export class WasmStep implements StepProgram {
  readonly kernels: readonly WasmKernelRun[];
  readonly outside: ReadonlySet<object>;
  readonly #step: CapturedStep;
  readonly #memory: WebAssembly.Memory;
  readonly #inputs: readonly number[];
  readonly #places: ReadonlyMap<object, number>;
  readonly #result: number;
  readonly #logits: Float32Array;

  constructor(step: CapturedStep) {
    this.kernels = step.kernels;
    this.outside = step.outside;
    this.#step = step;
    this.#memory = memoryOf(step.backend);
    const place = (dataId: object) => step.backend.dataIdMap.get(dataId).memoryOffset;
    this.#inputs = step.inputs.map(({ dataId }) => place(dataId));
    this.#places = new Map([...step.outside].map((dataId) => [dataId, place(dataId)]));
    this.#result = place(step.result.dataId);
    this.#logits = new Float32Array(tf.util.sizeFromShape(step.result.shape));
  }

  isIntact(): boolean {
    const { dataIdMap } = this.#step.backend;
    for (const [dataId, place] of this.#places)
      if (!dataIdMap.has(dataId) || dataIdMap.get(dataId).memoryOffset !== place) return false;
    return true;
  }

  run(numbers: readonly StepArray[]): boolean {
    const bytes = new Uint8Array(this.#memory.buffer);
    numbers.forEach(({ buffer, byteOffset, byteLength }, i) => {
      bytes.set(new Uint8Array(buffer, byteOffset, byteLength), this.#inputs[i]);
    });
    const outputs = handOut(this.#step.backend);
    try {
      for (const kernel of this.kernels) {
        if (typeof kernel.run === 'function') {
          outputs.of(kernel);
          kernel.run();
        } else for (const { call, args } of kernel.run) call(...args);
      }
    } finally {
      outputs.end();
    }
    return true;
  }

  tensor(): Tensor {
    const { backend, result } = this.#step;
    const made = backend.makeOutput([...result.shape], 'float32');
    const bytes = new Uint8Array(this.#memory.buffer);
    const { memoryOffset } = backend.dataIdMap.get(made.dataId);
    bytes.copyWithin(memoryOffset, this.#result, this.#result + this.#logits.byteLength);
    return tf.engine().makeTensorFromTensorInfo(made);
  }

  async read(): Promise<Float32Array> {
    this.#logits.set(new Float32Array(this.#memory.buffer, this.#result, this.#logits.length));
    return this.#logits;
  }

  /** They are part of the recording. */
  dispose(): void {}

  drop(): void {
    this.#step.held.release();
    this.#step.release();
  }
}

/** From now on kernels are given what they made when they were recorded; what they count and give back is left as it is. */
function handOut(backend: HeapBackend) {
  const { makeOutput, incRef, disposeData } = backend;
  let kernel: WasmKernelRun | undefined;
  let next = 0;
  backend.makeOutput = (shape) => {
    const output = kernel?.outputs[next++];
    if (!output || !tf.util.arraysEqual(output.shape, shape))
      throw new Error(`${kernel?.name} asks for [${shape.join(', ')}] where it was recorded with [${output?.shape}]`);
    return { ...output, shape: [...shape] }; // some kernels change it
  };
  backend.incRef = () => undefined;
  backend.disposeData = () => false;
  return {
    of(running: WasmKernelRun): void {
      kernel = running;
      next = 0;
    },
    end(): void {
      Object.assign(backend, { makeOutput, incRef, disposeData });
    },
  };
}
