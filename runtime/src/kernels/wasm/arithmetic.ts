import type { ArithmeticAttributes, ArithmeticName } from '../attributes.js';
import { countOf, type WasmKernel } from './kernel.js';

/** As in runtime/assembly/elementwise.ts. */
const operatorNumber: Readonly<Record<ArithmeticName, number>> = { add: 0, subtract: 1, multiply: 2, divide: 3 };

/** [a, b?] → a ∘ b, element by element; b has the last axes of a, or is the attribute `value`. */
export const arithmetic: WasmKernel<ArithmeticAttributes> = ([a, b], { operator, value }, heap) => {
  const y = heap.output(a!.shape);
  const period = b ? countOf(b.shape) : 0;
  const [from, of, to] = [heap.pointer(a), heap.pointer(b), heap.pointer(y)];
  heap.kernels.arithmetic(from, of, to, countOf(a!.shape), period, value, operatorNumber[operator]);
  return y;
};
