import type { NormAttributes } from '../attributes.js';
import { rowsOf, type WasmKernel } from './kernel.js';

/** [x, weight?, bias?], on the last axis. */
export const layerNorm: WasmKernel<NormAttributes> = ([x, weight, bias], { eps }, heap) => {
  const { rows, width } = rowsOf(x!);
  const y = heap.output(x!.shape);
  const { kernels } = heap;
  kernels.layerNorm(heap.pointer(x), heap.pointer(weight), heap.pointer(bias), heap.pointer(y), rows, width, eps);
  return y;
};

/** [x, weight?], on the last axis. */
export const rmsNorm: WasmKernel<NormAttributes> = ([x, weight], { eps }, heap) => {
  const { rows, width } = rowsOf(x!);
  const y = heap.output(x!.shape);
  heap.kernels.rmsNorm(heap.pointer(x), heap.pointer(weight), heap.pointer(y), rows, width, eps);
  return y;
};

/** [x], on the last axis. */
export const softmax: WasmKernel<object> = ([x], _, heap) => {
  const { rows, width } = rowsOf(x!);
  const y = heap.output(x!.shape);
  heap.kernels.softmax(heap.pointer(x), heap.pointer(y), rows, width);
  return y;
};
