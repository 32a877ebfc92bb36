import type { ActivationAttributes } from '../attributes.js';
import { activationNumber } from './activation.js';
import { rowsOf, type WasmKernel } from './kernel.js';

/** [x [.., k], weight [n, k], bias [n]?, residual [.., n]?] → activation(x · weightᵀ + bias) + residual [.., n]. */
export const linear: WasmKernel<ActivationAttributes> = ([x, weight, bias, residual], { activation }, heap) => {
  const { rows, width } = rowsOf(x!);
  const outputs = weight!.shape[0]!;
  const y = heap.output([...x!.shape.slice(0, -1), outputs]);
  const { kernels } = heap;
  const scratch = heap.scratch(kernels.linearScratch());
  const [from, to] = [heap.pointer(x), heap.pointer(y)];
  const [w, b, r] = [heap.pointer(weight), heap.pointer(bias), heap.pointer(residual)];
  kernels.linear(from, w, b, r, to, rows, outputs, width, activationNumber[activation], scratch, 0, outputs);
  return y;
};

/** [a [.., k], b [k, n]] → a · b [.., n]. */
export const product: WasmKernel<object> = ([a, b], _, heap) => {
  const { rows, width } = rowsOf(a!);
  const columns = b!.shape[1]!;
  const y = heap.output([...a!.shape.slice(0, -1), columns]);
  const scratch = heap.scratch(heap.kernels.linearScratch());
  heap.kernels.product(heap.pointer(a), heap.pointer(b), heap.pointer(y), rows, columns, width, scratch, 0, columns);
  return y;
};
