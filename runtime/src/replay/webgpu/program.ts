import type { Tensor, TensorInfo } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import { read } from '../../device/read.js';
import type { Drawing, Drawn } from '../../generate/logits.js';
import type { GpuBackend } from '../../kernels/webgpu/backend.js';
import type { Dispatch } from '../../kernels/webgpu/dispatch.js';
import type { RecordedKernel, StepProgram } from '../backend.js';
import type { StepArray } from '../tracking.js';
import { Arena, type Slot } from './arena.js';
import type { StockBackend } from './backend.js';
import type { Captured } from './capture.js';
import { type CapturedDispatch, hasSamePipeline, smallDataOf, type VaryingKernel } from './commands.js';
import { DeviceSampler } from './sampler.js';
import { wordsOf } from './words.js';

/** One dispatch of a recording. */
interface Command {
  readonly captured: CapturedDispatch;
  readonly bindGroup: GPUBindGroup;
  /** Of its small data. */
  readonly slots: readonly Slot[];
  workgroups: readonly [number, number, number];
}

/**
 * A step as a list of commands over fixed buffers. A replay writes the numbers of the step, encodes the list into one compute pass
 * and submits it: no tensor, buffer, bind group or pipeline is made.
 */
export class WebGpuStep implements StepProgram {
  readonly kernels: readonly RecordedKernel[];
  readonly outside: ReadonlySet<object>;
  readonly #backend: StockBackend;
  readonly #captured: Captured;
  readonly #logits: TensorInfo;
  readonly #arena: Arena;
  readonly #commands: readonly Command[];
  #sampler: DeviceSampler | undefined;

  constructor(backend: StockBackend, captured: Captured, logits: TensorInfo) {
    this.#backend = backend;
    this.#captured = captured;
    this.#logits = logits;
    this.outside = new Set(captured.outside.keys());
    const changes = new Set(
      captured.varying.flatMap(({ from, count }) => Array.from({ length: count }, (_, i) => from + i)),
    );
    const small = captured.dispatches.map(({ resources }) => resources.filter((of) => of instanceof ArrayBuffer));
    const fixed = small.flatMap((of, i) => (changes.has(i) ? [] : of));
    const changing = small.flatMap((of, i) => (changes.has(i) ? of : []));
    this.#arena = new Arena(backend, fixed, changing);
    const slots = { fixed: this.#arena.slots.slice(0, fixed.length), changing: this.#arena.slots.slice(fixed.length) };
    this.#commands = captured.dispatches.map((of, i) => {
      const own = (changes.has(i) ? slots.changing : slots.fixed).splice(0, small[i]!.length);
      return { captured: of, bindGroup: this.#bindGroup(of, own), slots: own, workgroups: of.workgroups };
    });
    this.kernels = captured.dispatches.map(({ name, results, workgroups }, i) => {
      return { name, results, workgroups, varies: changes.has(i) };
    });
  }

  isIntact(): boolean {
    this.#submitOthers(); // what was disposed goes with it
    const { tensorMap } = this.#backend;
    for (const [dataId, buffer] of this.#captured.outside) {
      if (!tensorMap.has(dataId) || tensorMap.get(dataId).resource !== buffer) return false;
    }
    return true;
  }

  run(numbers: readonly StepArray[]): boolean {
    if (!this.#captured.varying.every((kernel) => this.#runsAgain(kernel))) return false;
    const { device, queue } = this.#backend;
    this.#submitOthers();
    for (const [i, { buffer, dtype }] of this.#captured.steps.entries())
      queue.writeBuffer(buffer, 0, wordsOf(numbers[i]!, dtype));
    this.#arena.upload();
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    for (const { captured, bindGroup, workgroups } of this.#commands) {
      pass.setPipeline(captured.pipeline);
      pass.setBindGroup(0, bindGroup);
      pass.dispatchWorkgroups(...workgroups);
    }
    pass.end();
    queue.submit([encoder.finish()]);
    return true;
  }

  tensor(): Tensor {
    const backend = this.#backend;
    const { dataId, shape, dtype } = this.#logits;
    const copy = backend.makeTensorInfo(shape, dtype);
    backend.uploadToGPU(copy.dataId);
    const [from, to] = [dataId, copy.dataId].map((id) => backend.tensorMap.get(id).resource!) as [GPUBuffer, GPUBuffer];
    backend.ensureCommandEncoderReady();
    backend.endComputePassEncoder();
    backend.commandEncoder!.copyBufferToBuffer(from, 0, to, 0, to.size);
    backend.commandQueueOwnedIds.add(copy.dataId);
    return tf.engine().makeTensorFromTensorInfo(copy);
  }

  async read(): Promise<Float32Array> {
    const tensor = this.tensor();
    try {
      return (await read(tensor)) as Float32Array;
    } finally {
      tensor.dispose();
    }
  }

  draw(drawing: Drawing): Promise<readonly Drawn[]> {
    this.#submitOthers(); // the captured step is among them
    this.#sampler ??= new DeviceSampler(this.#backend, this.#logits);
    return this.#sampler.draw(drawing);
  }

  /** They are the recording's. */
  dispose(): void {}

  drop(): void {
    const { held, uniforms } = this.#captured;
    held.release();
    this.#sampler?.drop();
    this.#arena.release();
    // The captured step itself may not be submitted yet.
    if (this.#backend.commandEncoder) this.#backend.uniformPendingDisposal.push(...uniforms);
    else for (const buffer of uniforms) this.#backend.bufferManager.releaseBuffer(buffer);
  }

  #bindGroup({ name, layout, resources }: CapturedDispatch, slots: readonly Slot[]): GPUBindGroup {
    const { buffer } = this.#arena;
    let next = 0;
    const entries = resources.map((of, binding): GPUBindGroupEntry => {
      if (of instanceof ArrayBuffer) return { binding, resource: { buffer, ...slots[next++]! } };
      return { binding, resource: of instanceof GPUBuffer ? { buffer: of } : of };
    });
    return this.#backend.device.createBindGroup({ label: name, layout, entries });
  }

  /** Runs the JavaScript of a kernel for this step. @returns False where it would run another pipeline or make another tensor. */
  #runsAgain({ run, outputs, from, count }: VaryingKernel): boolean {
    let [made, dispatched, isSame] = [0, 0, true];
    const again = (of: Dispatch) => {
      const command = this.#commands[from + dispatched++];
      isSame &&= dispatched <= count && this.#update(command!, of);
    };
    const makeTensorInfo = (shape: readonly number[]) => {
      const output = outputs[made++];
      isSame &&= output !== undefined && tf.util.arraysEqual(output.shape, [...shape]);
      return output!;
    };
    const properties = { again, makeTensorInfo, disposeData: () => false };
    run([], undefined, Object.assign(Object.create(this.#backend) as GpuBackend, properties));
    return isSame && made === outputs.length && dispatched === count;
  }

  #update(command: Command, of: Dispatch): boolean {
    command.workgroups = of.workgroups;
    const small = smallDataOf(of);
    return (
      hasSamePipeline(of, command.captured) &&
      small.length === command.slots.length &&
      small.every((data, i) => this.#arena.put(command.slots[i]!, data))
    );
  }

  /** What tfjs has not submitted yet was asked for before this step. */
  #submitOthers(): void {
    if (!this.#backend.commandEncoder) return;
    this.#backend.endComputePassEncoder();
    this.#backend.submitQueue();
  }
}
