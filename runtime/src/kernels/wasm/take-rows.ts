import { countOf, type WasmKernel } from './kernel.js';

/**
 * [table [rows, width], ids int32 [..], added [.., width]?] → rows of the table, zeros for an id outside it, plus what is
 * added: [.., width]. What is added may have more rows than there are ids, which then repeat.
 */
export const takeRows: WasmKernel<object> = ([table, ids, added], _, heap) => {
  const [rows, width] = table!.shape as [number, number];
  const period = countOf(ids!.shape);
  const y = heap.output(added?.shape ?? [...ids!.shape, width]);
  const [t, i, a, to] = [table, ids, added, y].map((tensor) => heap.pointer(tensor)) as [
    number,
    number,
    number,
    number,
  ];
  heap.kernels.takeRows(t, i, a, to, countOf(y.shape) / width, period, rows, width);
  return y;
};
