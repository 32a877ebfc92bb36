import type { ActivationAttributes } from '../attributes.js';
import type { ChosenRowsAttributes, ExpertLayersAttributes, RoutingAttributes } from '../experts.js';
import { activationNumber } from './activation.js';
import { countOf, rowsOf, type WasmKernel } from './kernel.js';

/** [shares [.., experts]] → the routing, as runtime/assembly/experts.ts has it. */
export const routing: WasmKernel<RoutingAttributes> = ([shares], { top }, heap) => {
  const { rows, width: experts } = rowsOf(shares!);
  const y = heap.output([4 * rows * top + experts]);
  heap.kernels.routing(heap.pointer(shares), heap.pointer(y), rows, experts, top);
  return y;
};

/** [x [rows, width], routing] → the row of each slot [pairs, width]. */
export const chosenRows: WasmKernel<ChosenRowsAttributes> = ([x, routing], { pairs }, heap) => {
  const width = x!.shape.at(-1)!;
  const y = heap.output([pairs, width]);
  heap.kernels.chosenRows(heap.pointer(x), heap.pointer(routing), heap.pointer(y), pairs, width);
  return y;
};

/** [x [.., k], routing, then the weight [n, k] of each expert, then the bias [n]? of each] → activation(x · weightᵀ + bias) [.., n]. */
export const chosenLinear: WasmKernel<ExpertLayersAttributes & ActivationAttributes> = (
  [x, routing, ...layers],
  { experts, activation },
  heap,
) => {
  const { rows: pairs, width } = rowsOf(x!);
  const outputs = layers[0]!.shape[0]!;
  const y = heap.output([...x!.shape.slice(0, -1), outputs]);
  const table = heap.room(8 * experts);
  heap.integers(table, 2 * experts).set(layers.map((of) => heap.pointer(of)));
  const [from, to, by] = [heap.pointer(x), heap.pointer(y), heap.pointer(routing)];
  heap.repeat(() => {
    const { kernels } = heap;
    const scratch = heap.scratch(kernels.linearScratch());
    const kind = activationNumber[activation];
    kernels.chosenLinear(from, by, table, to, pairs, experts, outputs, width, kind, scratch, 0, outputs);
  });
  return y;
};

/** [results [pairs, width], routing, residual [rows, width]?] → Σ share · result of each row + residual [rows, width]. */
export const mixedRows: WasmKernel<RoutingAttributes> = ([results, routing, residual], { top }, heap) => {
  const width = results!.shape.at(-1)!;
  const rows = countOf(results!.shape) / width / top;
  const y = heap.output([rows, width]);
  const [from, by] = [heap.pointer(results), heap.pointer(routing)];
  const [added, to] = [heap.pointer(residual), heap.pointer(y)];
  heap.kernels.mixedRows(from, by, added, to, rows, top, width);
  return y;
};

/** [x [.., width]] → whether each number is among the `top` largest of its row, bool [.., width]. */
export const inTop: WasmKernel<RoutingAttributes> = ([x], { top }, heap) => {
  const { rows, width } = rowsOf(x!);
  const y = heap.output(x!.shape, 'bool');
  heap.kernels.inTop(heap.pointer(x), heap.pointer(y), rows, width, top);
  return y;
};
