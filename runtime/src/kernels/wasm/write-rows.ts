import type { Tensor } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import { runOnHeap } from '../../replay/wasm/capture.js';
import type { RowsToWrite } from '../cache.js';
import { copyRows } from '../copy-rows.js';
import { hasKernels, type WasmBackend } from './instance.js';

/** The part of tfjs's wasm backend that is used without SIMD: a tensor as a window on the wasm heap. */
interface Windows {
  typedArrayFromHeap(tensor: Tensor): Float32Array;
}

export function writeRowsWasm(all: readonly RowsToWrite[], starts: () => readonly number[]): void {
  const backend = tf.backend() as unknown as WasmBackend & Windows;
  if (hasKernels(backend)) for (const each of all) writeByKernel(each, starts);
  else
    for (const { cache, rows } of all)
      copyRows(backend.typedArrayFromHeap(cache.tensor), backend.typedArrayFromHeap(rows), cache.shape, starts());
}

/** A call for each sequence, not one for each row of each head. */
function writeByKernel(
  { cache, rows: { shape, dtype, dataId } }: RowsToWrite,
  startsOf: () => readonly number[],
): void {
  const { heads, capacity, width } = cache.shape;
  const [, length = 1] = shape;
  runOnHeap('TfmWriteRows', [cache.tensor, { shape, dtype, dataId }], ([target, source], heap) => {
    const [from, to] = [heap.pointer(source), heap.pointer(target)];
    startsOf().forEach((start, b) => {
      const rows = from + b * length * heads * width * 4;
      const entry = to + b * heads * capacity * width * 4;
      heap.kernels.writeRows(rows, entry, length, heads, capacity, width, start);
    });
    return [];
  });
}
