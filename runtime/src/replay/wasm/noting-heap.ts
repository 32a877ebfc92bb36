import type { TensorInfo } from '@tensorflow/tfjs';
import { Heap, heapOf, type Pointer } from '../../kernels/wasm/heap.js';
import type { Kernels, WasmBackend } from '../../kernels/wasm/instance.js';
import { ownBlock } from '../../kernels/wasm/scratch.js';

/** A call of an export of our module. */
export interface ExportCall {
  readonly call: (...args: number[]) => void;
  readonly args: readonly number[];
}

/** What one kernel does while its step is captured. */
export interface KernelFrame {
  /** What it makes, results and what it needs on the way, in this order. */
  readonly outputs: TensorInfo[];
  readonly calls: ExportCall[];
  /** It reads or writes numbers itself. */
  usesViews: boolean;
  /** What of it runs again, where it says so. */
  again: (() => void) | undefined;
}

/** The heap as kernels have it while a step is captured. */
export class NotingHeap extends Heap {
  /** The kernel that runs. */
  frame: KernelFrame | undefined;
  override readonly kernels: Kernels;
  readonly #backend: WasmBackend;
  readonly #shared: Heap;
  readonly #releases: (() => void)[];

  constructor(backend: WasmBackend) {
    super(backend);
    this.#backend = backend;
    this.#shared = heapOf(backend);
    this.#releases = [this.#shared.pin()];
    this.kernels = this.#noting(this.#shared.kernels);
  }

  enter(): KernelFrame {
    this.frame = { outputs: [], calls: [], usesViews: false, again: undefined };
    return this.frame;
  }

  leave(): void {
    this.frame = undefined;
  }

  /** Gives back what recorded calls use beside tensors. */
  release(): void {
    for (const release of this.#releases.splice(0)) release();
  }

  override scratch(bytes: number): Pointer {
    return this.#shared.scratch(bytes);
  }

  override room(bytes: number): Pointer {
    const { at, free } = ownBlock(this.#backend, bytes);
    this.#releases.push(free);
    return at;
  }

  override repeat(run: () => void): void {
    if (this.frame) this.frame.again = run;
    run();
  }

  override integers(at: Pointer, count: number): Int32Array {
    if (this.frame) this.frame.usesViews = true;
    return super.integers(at, count);
  }

  override floats(at: Pointer, count: number): Float32Array {
    if (this.frame) this.frame.usesViews = true;
    return super.floats(at, count);
  }

  #noting(kernels: Kernels): Kernels {
    const noted = Object.entries(kernels).map(([name, call]: [string, ExportCall['call']]) => {
      const noting = (...args: number[]): unknown => {
        const result: unknown = call(...args);
        if (result === undefined) this.frame?.calls.push({ call, args });
        return result;
      };
      return [name, noting];
    });
    return Object.fromEntries(noted) as Kernels;
  }
}
