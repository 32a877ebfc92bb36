import type { ProductOfRowsAttributes } from '../attributes.js';
import { rowsOf, type WasmKernel } from './kernel.js';

/** [a [.., m], b [.., n]] → aᵀ · b [m, n], summed over all rows, and where they are wanted the sums of the columns of a [m]. */
export const productOfRows: WasmKernel<ProductOfRowsAttributes> = ([a, b], { withSums }, heap) => {
  const { rows, width } = rowsOf(a!);
  const columns = rowsOf(b!).width;
  const y = heap.output([width, columns]);
  const sums = withSums ? heap.output([width]) : undefined;
  const { kernels } = heap;
  const scratch = heap.scratch(kernels.linearScratch());
  kernels.productOfRows(heap.pointer(a), heap.pointer(b), heap.pointer(y), width, columns, rows, scratch, 0, columns);
  if (!sums) return [y];
  kernels.columnSums(heap.pointer(a), heap.pointer(sums), rows, width);
  return [y, sums];
};
