import type { TensorInfo } from '@tensorflow/tfjs';
import { type Kernels, kernelsOf, memoryOf, type WasmBackend } from './instance.js';
import { Scratch } from './scratch.js';

/** A pointer into tfjs's heap; 0 stands for an absent tensor. */
export type Pointer = number;

/**
 * tfjs's heap as kernels use it. Make outputs and scratch first and views last: memory that grows takes the views away,
 * pointers stay.
 */
export class Heap {
  readonly kernels: Kernels;
  readonly #backend: WasmBackend;
  readonly #memory: WebAssembly.Memory;
  readonly #scratch: Scratch;
  readonly #room: Scratch;

  constructor(backend: WasmBackend) {
    this.kernels = kernelsOf(backend);
    this.#backend = backend;
    this.#memory = memoryOf(backend);
    this.#scratch = new Scratch(backend);
    this.#room = new Scratch(backend);
  }

  /** Where the numbers of a tensor are. A tensor of another backend is copied here first, by tfjs. */
  pointer(tensor: TensorInfo | undefined): Pointer {
    return tensor ? this.#backend.dataIdMap.get(tensor.dataId).memoryOffset : 0;
  }

  /** A new tensor, with whatever its memory held before; a truth value takes a byte. */
  output(shape: readonly number[], dtype: 'float32' | 'bool' = 'float32'): TensorInfo {
    return this.#backend.makeOutput([...shape], dtype);
  }

  /** At least so many bytes for the time of one kernel, aligned to cache lines. */
  scratch(bytes: number): Pointer {
    return this.#scratch.room(bytes);
  }

  /** The same beside that, for what a kernel is told. A step that is recorded keeps it: it is written once. */
  room(bytes: number): Pointer {
    return this.#room.room(bytes);
  }

  /**
   * Begins a kernel's last part, which is all that a recorded step does of it when it is run again: what stands before is as it
   * was.
   */
  repeat(run: () => void): void {
    run();
  }

  /** Keeps scratch where it is, for recorded steps. @returns What ends that. */
  pin(): () => void {
    return this.#scratch.pin();
  }

  /** int32 numbers at an address, until memory grows. */
  integers(at: Pointer, count: number): Int32Array {
    return new Int32Array(this.#memory.buffer, at, count);
  }

  /** float32 numbers at an address, until memory grows. */
  floats(at: Pointer, count: number): Float32Array {
    return new Float32Array(this.#memory.buffer, at, count);
  }
}

const heaps = new WeakMap<WasmBackend, Heap>();

export function heapOf(backend: WasmBackend): Heap {
  const known = heaps.get(backend) ?? new Heap(backend);
  heaps.set(backend, known);
  return known;
}
