import type { NormGradientAttributes } from '../attributes.js';
import { rowsOf, type WasmKernel } from './kernel.js';

/** [x, weight?, dy], on the last axis → the gradients of x and, where they are, of weight and bias. */
export const normGradient: WasmKernel<NormGradientAttributes> = ([x, weight, dy], attributes, heap) => {
  const { eps, centred, withBias } = attributes;
  const { rows, width } = rowsOf(x!);
  const dx = heap.output(x!.shape);
  const dWeight = weight && heap.output(weight.shape);
  const dBias = withBias ? heap.output([width]) : undefined;
  const from = [heap.pointer(x), heap.pointer(weight), heap.pointer(dy)] as const;
  const to = [heap.pointer(dx), heap.pointer(dWeight), heap.pointer(dBias)] as const;
  heap.kernels.normGradient(...from, ...to, rows, width, eps, Number(centred));
  return [dx, dWeight, dBias].filter((result) => result !== undefined);
};
