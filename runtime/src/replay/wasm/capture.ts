import type { KernelFunc, NamedAttrMap, Tensor, TensorInfo } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import { type Heap, heapOf } from '../../kernels/wasm/heap.js';
import type { WasmBackend } from '../../kernels/wasm/instance.js';
import type { StepCapture, StepProgram } from '../backend.js';
import { HeldData } from '../data.js';
import { insideKernel, isWatched, noteEscape, type StepArray, type StepData } from '../tracking.js';
import { type KernelFrame, NotingHeap } from './noting-heap.js';
import { type WasmKernelRun, WasmStep } from './program.js';

/** The part of tfjs's wasm backend through which data are made and read. */
export interface HeapBackend extends WasmBackend {
  readonly dataIdMap: { get(dataId: object): { readonly memoryOffset: number }; has(dataId: object): boolean };
  write(values: StepArray | null, shape: readonly number[], dtype: string): object;
  makeOutput(shape: number[], dtype: string, memoryOffset?: number): TensorInfo;
  readSync(dataId: object): StepArray;
  disposeData(dataId: object, force?: boolean): boolean;
  incRef(dataId: object): void;
}

type Inputs = Readonly<Record<string, Tensor>>;
type KernelInputs = Parameters<KernelFunc>[0]['inputs'];
type RunKernel = (name: string, inputs: Inputs, attributes?: NamedAttrMap) => Tensor | Tensor[];

/** Where stock kernels are run from. */
interface Engine {
  runKernel: RunKernel;
}

/** Kernels whose results are as large as the numbers say: what they give next time may not fit. */
const sizedByNumbers = /^(NonMaxSuppression|Sparse|String|Unique|Where)/;

/**
 * Whether XNNPACK keeps a copy of an operand behind the first, as long as the tensor lives: of filters, and of the right side of a product of
 * two matrices. It would not see that a replay writes other numbers to the same place.
 */
function isPacked(name: string, { shape }: TensorInfo): boolean {
  if (!/MatMul$/.test(name)) return /Conv2[dD]|Prelu/.test(name);
  return shape.slice(0, -2).every((size) => size === 1);
}

let current: WasmCapture | undefined;

/**
 * Runs a kernel of ours. While a step is captured its calls of the module are noted, to be called again at the same
 * addresses; where it does more than call, its JavaScript runs again.
 */
export function runOnHeap<Results extends TensorInfo | TensorInfo[]>(
  name: string,
  operands: readonly (TensorInfo | undefined)[],
  kernel: (operands: readonly (TensorInfo | undefined)[], heap: Heap) => Results,
): Results {
  if (current && isWatched()) return current.run(name, operands, kernel);
  return kernel(operands, heapOf(tf.backend() as unknown as WasmBackend));
}

/** Begins to capture a step on the active wasm backend. */
export function captureStep(): StepCapture {
  current = new WasmCapture();
  return current;
}

/**
 * Notes what a step runs on the wasm backend: our kernels in `runOnHeap`, stock ones where tfjs's engine runs them. What they
 * make is held, so that it stays where it is.
 */
class WasmCapture implements StepCapture {
  readonly #backend = tf.backend() as unknown as HeapBackend;
  readonly #engine = tf.engine() as unknown as Engine;
  readonly #heap = new NotingHeap(this.#backend);
  readonly #held = new HeldData();
  readonly #outside = new Set<object>();
  readonly #kernels: WasmKernelRun[] = [];
  readonly #inputs: TensorInfo[] = [];
  readonly #before = this.#watchBackend();
  #isFinished = false;

  tensor(values: StepArray, { shape, dtype }: StepData): Tensor {
    const made = tf.tensor(values, [...shape], dtype);
    this.#inputs.push(infoOf(made));
    return made;
  }

  finish(result: Tensor): StepProgram {
    const { dataId } = result;
    this.#held.hold(dataId);
    this.#isFinished = true;
    return new WasmStep({
      backend: this.#backend,
      held: this.#held,
      outside: this.#outside,
      kernels: this.#kernels,
      inputs: this.#inputs,
      result: infoOf(result),
      release: () => this.#heap.release(),
    });
  }

  end(): void {
    this.#before();
    current = undefined;
    if (this.#isFinished) return;
    this.#held.release();
    this.#heap.release();
  }

  run<Results extends TensorInfo | TensorInfo[]>(
    name: string,
    operands: readonly (TensorInfo | undefined)[],
    kernel: (operands: readonly (TensorInfo | undefined)[], heap: Heap) => Results,
  ): Results {
    const given = operands.map((operand) => operand && infoOf(operand));
    const { result, varies, frame } = this.#noted(() => kernel(given, this.#heap));
    this.#read(given);
    const heap = heapOf(this.#backend);
    const runAgain = frame.again ?? (() => void kernel(given, heap));
    const isFixed = !varies && !frame.usesViews && !frame.again;
    this.#note(name, frame, varies, isFixed ? frame.calls : runAgain);
    return result;
  }

  #runStock(run: RunKernel, name: string, inputs: Inputs, attributes: NamedAttrMap | undefined): Tensor | Tensor[] {
    const tensors = Object.values(inputs).filter((input) => input instanceof tf.Tensor);
    const given = tensors.map(infoOf); // computes what was put off, before this kernel begins
    if (!isWatched()) return run.call(this.#engine, name, inputs, attributes);
    if (this.#heap.frame) noteEscape(`the kernel ${name} is run by another one`);
    if (sizedByNumbers.test(name)) noteEscape(`what the kernel ${name} gives has another shape for other numbers`);
    const { result, varies, frame } = this.#noted(() => run.call(this.#engine, name, inputs, attributes));
    this.#read(given);
    if (given.slice(1).some((operand) => isPacked(name, operand) && !this.#outside.has(operand.dataId)))
      noteEscape(`XNNPACK keeps a packed copy of what ${name} multiplies by`);
    const known = new Set([...given, ...frame.outputs].map(({ dataId }) => dataId));
    if ([result].flat().some(({ dataId }) => !known.has(dataId)))
      noteEscape(`it is not known where the kernel ${name} puts its result`);
    if (frame.outputs.length === 0) return result; // the same numbers under another shape
    const infos = copied(inputs);
    const { kernelFunc } = tf.getKernel(name, 'wasm');
    const again = { inputs: infos, attrs: attributes ?? {}, backend: this.#backend };
    this.#note(name, frame, varies, () => void kernelFunc(again));
    return result;
  }

  #noted<T>(run: () => T): { readonly result: T; readonly varies: boolean; readonly frame: KernelFrame } {
    const frame = this.#heap.enter();
    try {
      return { ...insideKernel(run), frame };
    } finally {
      this.#heap.leave();
    }
  }

  #note(name: string, { outputs }: KernelFrame, varies: boolean, run: WasmKernelRun['run']): void {
    const results = outputs.map(({ shape }) => shape);
    this.#kernels.push({ name, results, varies, outputs, run });
  }

  #read(operands: readonly (TensorInfo | undefined)[]): void {
    for (const operand of operands) if (operand && !this.#held.has(operand.dataId)) this.#outside.add(operand.dataId);
  }

  /** Sees all data that are made, stock kernels that are run, and numbers that are read. @returns What ends it. */
  #watchBackend(): () => void {
    const backend = this.#backend;
    const engine = this.#engine;
    const { write, makeOutput, readSync } = backend;
    const { runKernel } = engine;
    backend.write = (...args) => {
      const dataId = write.apply(backend, args);
      if (isWatched()) this.#held.hold(dataId);
      return dataId;
    };
    backend.makeOutput = (...args) => {
      const made = makeOutput.apply(backend, args);
      this.#heap.frame?.outputs.push(infoOf(made));
      if (args[2] !== undefined) noteEscape('a kernel finds memory of its own');
      return made;
    };
    backend.readSync = (...args) => {
      if (!this.#heap.frame) noteEscape('the model reads numbers');
      return readSync.apply(backend, args);
    };
    const watching: RunKernel = (...args) => this.#runStock(runKernel, ...args);
    engine.runKernel = watching;
    return () => {
      Object.assign(backend, { write, makeOutput, readSync });
      if (engine.runKernel === watching) engine.runKernel = runKernel;
    };
  }
}

/** Inputs of a stock kernel: by name, or, of one such as Concat, in a list, which tfjs's types do not say. */
function copied(inputs: Inputs): KernelInputs {
  if (Array.isArray(inputs)) return inputs.map(infoOf) as object as KernelInputs;
  return Object.fromEntries(Object.entries(inputs).map(([key, input]) => [key, input && infoOf(input)]));
}

function infoOf({ dataId, shape, dtype }: TensorInfo): TensorInfo {
  return { dataId, shape: [...shape], dtype };
}
