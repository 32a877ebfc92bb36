import type { Tensor } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import type { RowsToWrite } from '../cache.js';
import { copyRows } from '../copy-rows.js';
import { heapOf } from './heap.js';
import { hasKernels, type WasmBackend } from './instance.js';

/** The part of tfjs's wasm backend that is used without SIMD: a tensor as a window on the wasm heap. */
interface Windows {
  typedArrayFromHeap(tensor: Tensor): Float32Array;
}

export function writeRowsWasm(all: readonly RowsToWrite[], startsOf: () => readonly number[]): void {
  const starts = startsOf();
  const backend = tf.backend() as unknown as WasmBackend & Windows;
  if (hasKernels(backend)) for (const each of all) writeByKernel(each, starts, backend);
  else
    for (const { cache, rows } of all)
      copyRows(backend.typedArrayFromHeap(cache.tensor), backend.typedArrayFromHeap(rows), cache.shape, starts);
}

/** A call for each sequence, not one for each row of each head. */
function writeByKernel({ cache, rows }: RowsToWrite, starts: readonly number[], backend: WasmBackend): void {
  const heap = heapOf(backend);
  const { heads, capacity, width } = cache.shape;
  const [from, to] = [heap.pointer(rows), heap.pointer(cache.tensor)];
  const length = rows.size / (starts.length * heads * width);
  for (let b = 0; b < starts.length; b++) {
    const source = from + b * length * heads * width * 4;
    const target = to + b * heads * capacity * width * 4;
    heap.kernels.writeRows(source, target, length, heads, capacity, width, starts[b]!);
  }
}
