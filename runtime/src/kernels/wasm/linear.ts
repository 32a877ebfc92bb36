import type { ActivationAttributes } from '../attributes.js';
import { activationNumber } from './activation.js';
import { rowsOf, type WasmKernel } from './kernel.js';

/** [x [m, k], weight [n, k], bias [n]?, residual [m, n]?] → activation(x · weightᵀ + bias) + residual [m, n]. */
export const linear: WasmKernel<ActivationAttributes> = ([x, weight, bias, residual], { activation }, heap) => {
  const { rows, width } = rowsOf(x!);
  const outputs = weight!.shape[0]!;
  const y = heap.output([rows, outputs]);
  const { kernels } = heap;
  const scratch = heap.scratch(kernels.linearScratch());
  const [from, w, b, r, to] = [x, weight, bias, residual, y].map((tensor) => heap.pointer(tensor));
  kernels.linear(from!, w!, b!, r!, to!, rows, outputs, width, activationNumber[activation], scratch, 0, outputs);
  return y;
};

/** [a [m, k], b [k, n]] → a · b [m, n]. */
export const product: WasmKernel<object> = ([a, b], _, heap) => {
  const { rows, width } = rowsOf(a!);
  const columns = b!.shape[1]!;
  const y = heap.output([rows, columns]);
  const scratch = heap.scratch(heap.kernels.linearScratch());
  heap.kernels.product(heap.pointer(a), heap.pointer(b), heap.pointer(y), rows, columns, width, scratch);
  return y;
};
