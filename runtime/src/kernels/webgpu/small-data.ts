import type { GpuBackend } from './backend.js';

/** Where small data lies on the device until the next submit. */
export interface Slice {
  readonly buffer: GPUBuffer;
  readonly offset: number;
  readonly size: number;
}

/** A buffer that the dispatches of one submit share, filled from its beginning. */
interface Arena {
  readonly buffer: GPUBuffer;
  used: number;
}

const arenaBytes = 16_384;
const alignment = 256; // of what is bound, on every device

// tfjs makes a new list of buffers to give back at each submit: with it the arena is new, too.
const arenas = new WeakMap<GPUBuffer[], Arena>();

/**
 * Uniforms and other small data of a dispatch, in a buffer from tfjs's pool. `writeBuffer` comes before all commands that
 * are not submitted yet, which is right, because none of them uses these bytes. tfjs's own uploads make a new buffer each
 * time and end the compute pass, and its uniforms take a buffer for each dispatch.
 */
export function smallData(backend: GpuBackend, data: ArrayBuffer): Slice {
  const { buffer, offset } = placeFor(backend, data.byteLength);
  backend.queue.writeBuffer(buffer, offset, data);
  return { buffer, offset, size: data.byteLength };
}

function placeFor(backend: GpuBackend, bytes: number): { readonly buffer: GPUBuffer; readonly offset: number } {
  if (bytes > arenaBytes) return { buffer: pooledBuffer(backend, 2 ** Math.ceil(Math.log2(bytes))), offset: 0 };
  const list = backend.uniformPendingDisposal;
  let arena = arenas.get(list);
  if (!arena || arena.used + bytes > arenaBytes) {
    arena = { buffer: pooledBuffer(backend, arenaBytes), used: 0 };
    arenas.set(list, arena);
  }
  const offset = arena.used;
  arena.used = Math.ceil((offset + bytes) / alignment) * alignment;
  return { buffer: arena.buffer, offset };
}

function pooledBuffer({ bufferManager, uniformPendingDisposal }: GpuBackend, bytes: number): GPUBuffer {
  const usage = GPUBufferUsage.UNIFORM | GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST;
  const buffer = bufferManager.acquireBuffer(bytes, usage);
  uniformPendingDisposal.push(buffer);
  return buffer;
}
