import type { Tensor, TensorInfo } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import { bufferOf, type GpuBackend } from '../../kernels/webgpu/backend.js';
import type { Dispatch, Pipeline } from '../../kernels/webgpu/dispatch.js';
import type { WebGpuKernel } from '../../kernels/webgpu/kernel.js';
import { type KernelRecorder, setRecorder } from '../../kernels/webgpu/recorder.js';
import type { StepCapture, StepProgram } from '../backend.js';
import { HeldData } from '../data.js';
import { insideKernel, isWatched, noteEscape, type StepArray, type StepData } from '../tracking.js';
import type { StockBackend, StockProgram, StockUniforms } from './backend.js';
import { type CapturedDispatch, type Resource, type StepBuffer, smallDataOf, type VaryingKernel } from './commands.js';
import { WebGpuStep } from './program.js';
import { wordsOf } from './words.js';

/** What a capture has found: what `WebGpuStep` makes a recording of. */
export interface Captured {
  readonly dispatches: readonly CapturedDispatch[];
  readonly varying: readonly VaryingKernel[];
  readonly steps: readonly StepBuffer[];
  /** Everything that the step made. */
  readonly held: HeldData;
  /** Where data lie that the step reads and did not make. */
  readonly outside: ReadonlyMap<object, GPUBuffer>;
  /** Uniforms of tfjs's shaders, which are kept from its pool. */
  readonly uniforms: readonly GPUBuffer[];
}

/**
 * Notes the dispatches of one step, those of our kernels (`dispatch`) and those of tfjs's (`runWebGPUProgram`), with the buffers that they
 * bind. While it lasts some methods of tfjs's backend are its own.
 */
export class WebGpuCapture implements StepCapture, KernelRecorder {
  readonly #backend = tf.backend() as unknown as StockBackend;
  readonly #dispatches: CapturedDispatch[] = [];
  readonly #varying: VaryingKernel[] = [];
  readonly #steps: StepBuffer[] = [];
  readonly #uniforms: GPUBuffer[] = [];
  readonly #held = new HeldData();
  readonly #outside = new Map<object, GPUBuffer>();
  readonly #made = new WeakSet<object>();
  readonly #undo: (() => void)[] = [];
  #outputs: TensorInfo[] | undefined;
  #isFinished = false;

  constructor() {
    setRecorder(this);
    this.#watchTensors();
    this.#watchPrograms();
    this.#watchReads();
  }

  tensor(values: StepArray, { shape, dtype }: StepData): Tensor {
    const backend = this.#backend;
    const info = backend.makeTensorInfo([...shape], dtype);
    backend.uploadToGPU(info.dataId);
    const buffer = backend.tensorMap.get(info.dataId).resource!;
    // Before all commands that are not submitted yet, none of which uses a buffer that was in the pool.
    backend.queue.writeBuffer(buffer, 0, wordsOf(values, dtype));
    this.#held.hold(info.dataId);
    this.#steps.push({ buffer, dtype });
    return tf.engine().makeTensorFromTensorInfo(info);
  }

  finish(result: Tensor): StepProgram {
    this.#isFinished = true;
    const { dataId, shape } = result;
    this.#use(result);
    const captured: Captured = {
      dispatches: this.#dispatches,
      varying: this.#varying,
      steps: this.#steps,
      held: this.#held,
      outside: this.#outside,
      uniforms: this.#uniforms,
    };
    return new WebGpuStep(this.#backend, captured, { dataId, shape, dtype: 'float32' });
  }

  end(): void {
    setRecorder(undefined);
    for (const undo of this.#undo) undo();
    if (this.#isFinished) return;
    this.#held.release();
    this.#backend.uniformPendingDisposal.push(...this.#uniforms);
  }

  kernel<Attributes>(
    run: WebGpuKernel<Attributes>,
    operands: readonly (TensorInfo | undefined)[],
    attributes: Attributes,
  ): TensorInfo | TensorInfo[] {
    // What they are made of is computed now, and a tensor may be gone when the kernel runs again.
    const given = operands.map((of) => of && { dataId: of.dataId, shape: of.shape, dtype: of.dtype });
    const from = this.#dispatches.length;
    const outputs: TensorInfo[] = [];
    this.#outputs = outputs;
    const { result, varies } = insideKernel(() => run(given, attributes, this.#backend as unknown as GpuBackend));
    this.#outputs = undefined;
    if (!varies) return result;
    const count = this.#dispatches.length - from;
    this.#varying.push({ run: (_, __, backend) => run(given, attributes, backend), outputs, from, count });
    return result;
  }

  dispatched(of: Dispatch, { pipeline, layout }: Pipeline): void {
    const writes = Object.values(of.writes);
    const small = smallDataOf(of);
    const resources = [...writes, ...Object.values(of.reads)].map(({ of: data }): Resource => {
      return ArrayBuffer.isView(data) ? small.shift()! : this.#use(data);
    });
    const results = writes.map(({ of: { shape } }) => shape);
    const { name, constants, workgroups } = of;
    this.#dispatches.push({
      name,
      constants,
      workgroups,
      pipeline,
      layout,
      results,
      resources: [...resources, ...small],
    });
  }

  /** The buffer of a tensor, which stays its own from now on. */
  #use(tensor: TensorInfo): GPUBuffer {
    const { dataId } = tensor;
    const buffer = bufferOf(this.#backend as unknown as GpuBackend, tensor);
    if (this.#made.has(dataId)) this.#held.hold(dataId);
    else this.#outside.set(dataId, buffer);
    return buffer;
  }

  #watchTensors(): void {
    const { write, makeTensorInfo } = this.#backend;
    this.#replace('write', (...of) => {
      const dataId = write.apply(this.#backend, of);
      if (isWatched()) this.#made.add(dataId);
      return dataId;
    });
    this.#replace('makeTensorInfo', (...of) => {
      const info = makeTensorInfo.apply(this.#backend, of);
      this.#outputs?.push(info);
      return info;
    });
  }

  #watchPrograms(): void {
    const { makeUniforms, runWebGPUProgram } = this.#backend;
    let uniforms: StockUniforms | undefined;
    this.#replace('makeUniforms', (fields) => {
      uniforms = makeUniforms.call(this.#backend, fields);
      if (!isWatched()) return uniforms;
      this.#uniforms.push(uniforms.buffer);
      this.#backend.uniformPendingDisposal.pop(); // it is the recording's to give back
      return uniforms;
    });
    this.#replace('runWebGPUProgram', (program, inputs, ...rest) => {
      uniforms = undefined;
      const output = runWebGPUProgram.call(this.#backend, program, inputs, ...rest);
      if (isWatched() && uniforms) this.#ran(program, inputs, output, uniforms);
      return output;
    });
  }

  #ran(program: StockProgram, inputs: readonly TensorInfo[], output: TensorInfo, uniforms: StockUniforms): void {
    const isBuffer = inputs.every((input) => this.#backend.tensorMap.get(input.dataId).resource instanceof GPUBuffer);
    if (!isBuffer) {
      noteEscape('a kernel of tfjs reads a texture');
      return;
    }
    const {
      pipeline,
      dispatch: [x, y = 1, z = 1],
    } = program;
    this.#dispatches.push({
      name: pipeline.label,
      results: [output.shape],
      pipeline,
      layout: pipeline.getBindGroupLayout(0),
      resources: [...[output, ...inputs].map((tensor) => this.#use(tensor)), uniforms],
      workgroups: [x, y, z],
      constants: {},
    });
  }

  /** What the CPU learns of a step decides what runs next, or becomes the numbers of other tensors. */
  #watchReads(): void {
    for (const name of ['read', 'readSync', 'readToGPU', 'createTensorFromGPUData'] as const) {
      const method = this.#backend[name] as (...of: unknown[]) => never;
      this.#replace(name, (...of: unknown[]) => {
        noteEscape('the numbers of a tensor are read');
        return method.apply(this.#backend, of);
      });
    }
  }

  #replace<Name extends keyof StockBackend>(name: Name, by: StockBackend[Name]): void {
    const backend = this.#backend as { -readonly [Each in keyof StockBackend]?: StockBackend[Each] };
    const own = Object.hasOwn(backend, name) ? backend[name] : undefined;
    backend[name] = by;
    this.#undo.push(() => {
      if (own) backend[name] = own;
      else delete backend[name];
    });
  }
}
