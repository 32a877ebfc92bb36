import type { WasmBackend } from './instance.js';

/** Blocks of tfjs's heap that kernels use beside tensors. Addresses are aligned to cache lines. */
export class Scratch {
  readonly #backend: WasmBackend;
  #block = 0;
  #bytes = 0;
  #users = 0;
  readonly #outgrown: number[] = [];

  constructor(backend: WasmBackend) {
    this.#backend = backend;
  }

  /** At least so many bytes for the time of one kernel. They are kept for the next one. */
  room(bytes: number): number {
    if (bytes > this.#bytes) {
      if (this.#block) this.#outgrown.push(this.#block);
      this.#freeOutgrown();
      this.#block = allocate(this.#backend, bytes);
      this.#bytes = bytes;
    }
    return aligned(this.#block);
  }

  /** For recorded steps, which go on using the addresses that they were given. @returns What ends that. */
  pin(): () => void {
    this.#users++;
    return () => {
      this.#users--;
      this.#freeOutgrown();
    };
  }

  #freeOutgrown(): void {
    if (this.#users > 0) return;
    for (const block of this.#outgrown.splice(0)) this.#backend.wasm._free(block);
  }
}

/** A block of its own, and what gives it back. */
export function ownBlock(backend: WasmBackend, bytes: number): { readonly at: number; readonly free: () => void } {
  const block = allocate(backend, bytes);
  return { at: aligned(block), free: () => backend.wasm._free(block) };
}

function allocate(backend: WasmBackend, bytes: number): number {
  return backend.wasm._malloc(bytes + 64) >>> 0; // tfjs's malloc gives addresses above 2 GB as negative numbers
}

function aligned(block: number): number {
  return Math.ceil(block / 64) * 64;
}
