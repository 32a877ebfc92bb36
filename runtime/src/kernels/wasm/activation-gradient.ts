import type { ActivationAttributes } from '../attributes.js';
import { activationNumber } from './activation.js';
import { countOf, type WasmKernel } from './kernel.js';

/** [x, dy] → the gradient of x: dy · activation′(x). */
export const activationGradient: WasmKernel<ActivationAttributes> = ([x, dy], { activation }, heap) => {
  const dx = heap.output(x!.shape);
  const [from, above, to] = [heap.pointer(x), heap.pointer(dy), heap.pointer(dx)];
  heap.kernels.activationGradient(from, above, to, countOf(x!.shape), activationNumber[activation]);
  return dx;
};

/** [a, b] → activation(a) ⊙ b, of equal shapes. */
export const gated: WasmKernel<ActivationAttributes> = ([a, b], { activation }, heap) => {
  const y = heap.output(a!.shape);
  const count = countOf(a!.shape);
  heap.kernels.gated(heap.pointer(a), heap.pointer(b), heap.pointer(y), count, activationNumber[activation]);
  return y;
};

/** [a, b, dy] → the gradients of a and b. */
export const gatedGradient: WasmKernel<ActivationAttributes> = ([a, b, dy], { activation }, heap) => {
  const [da, db] = [heap.output(a!.shape), heap.output(b!.shape)];
  const from = [heap.pointer(a), heap.pointer(b), heap.pointer(dy)] as const;
  const count = countOf(a!.shape);
  heap.kernels.gatedGradient(...from, heap.pointer(da), heap.pointer(db), count, activationNumber[activation]);
  return [da, db];
};
