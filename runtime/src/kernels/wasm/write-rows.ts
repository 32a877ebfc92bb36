import type { Tensor } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import type { RowsToWrite } from '../cache.js';
import { copyRows } from '../copy-rows.js';

/** The part of tfjs's wasm backend that is used here: a tensor as a window on the wasm heap. */
interface WasmBackend {
  typedArrayFromHeap(tensor: Tensor): Float32Array;
}

export function writeRowsWasm(all: readonly RowsToWrite[], starts: readonly number[]): void {
  const backend = tf.backend() as unknown as WasmBackend;
  for (const { cache, rows } of all)
    copyRows(backend.typedArrayFromHeap(cache.tensor), backend.typedArrayFromHeap(rows), cache.shape, starts);
}
