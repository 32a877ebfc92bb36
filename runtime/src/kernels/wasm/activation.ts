import type { ActivationAttributes, ActivationName } from '../attributes.js';
import { countOf, type WasmKernel } from './kernel.js';

/** As in runtime/assembly/math.ts. */
export const activationNumber: Readonly<Record<ActivationName, number>> = {
  none: 0,
  gelu: 1,
  geluTanh: 2,
  silu: 3,
  relu: 4,
};

/** activation(x), element by element. */
export const activation: WasmKernel<ActivationAttributes> = ([x], { activation: name }, heap) => {
  const y = heap.output(x!.shape);
  heap.kernels.activation(heap.pointer(x), heap.pointer(y), countOf(x!.shape), activationNumber[name]);
  return y;
};
