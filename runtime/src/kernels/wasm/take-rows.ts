import type { WasmKernel } from './kernel.js';

/** [table [rows, width], ids int32 [n]] → [n, width]; zeros for an id outside the table. */
export const takeRows: WasmKernel<object> = ([table, ids], _, heap) => {
  const [rows, width] = table!.shape as [number, number];
  const count = ids!.shape[0]!;
  const y = heap.output([count, width]);
  const [from, to] = [heap.pointer(table) / 4, heap.pointer(y) / 4];
  const places = heap.integers(heap.pointer(ids), count);
  const numbers = heap.floats(0, Math.max(from + rows * width, to + count * width));
  places.forEach((id, i) => {
    const at = to + i * width;
    if (id < 0 || id >= rows) numbers.fill(0, at, at + width);
    else numbers.copyWithin(at, from + id * width, from + (id + 1) * width);
  });
  return y;
};
