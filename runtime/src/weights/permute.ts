/** Side of the square tiles of a transposition: both sides of a tile stay in the first cache. */
const TILE = 32;

/**
 * The tensor with its axes in another order: axis k of the result is axis `order[k]` of `data`, whose sizes are
 * `sizes`. Gives `data` itself where nothing moves.
 */
export function permute(data: Float32Array, sizes: readonly number[], order: readonly number[]): Float32Array {
  const axes = mergeAxes(sizes, order);
  if (axes.length <= 1 || data.length === 0) return data;
  const to = new Float32Array(data.length);
  const [first, second] = axes;
  if (axes.length === 2 && first !== undefined && second !== undefined) {
    transpose(data, second.size, first.size, to);
  } else {
    gatherAxes(data, axes, to);
  }
  return to;
}

interface Axis {
  size: number;
  /** Distance of neighbours along this axis in the source. */
  stride: number;
}

/** The axes of the result; axes of one are left out, those that stay neighbours are one axis. */
function mergeAxes(sizes: readonly number[], order: readonly number[]): Axis[] {
  const strides = new Array<number>(sizes.length);
  let stride = 1;
  for (let i = sizes.length - 1; i >= 0; i--) {
    strides[i] = stride;
    stride *= sizes[i] ?? 1;
  }
  const axes: Axis[] = [];
  for (const axis of order) {
    const next = { size: sizes[axis] ?? 1, stride: strides[axis] ?? 1 };
    const last = axes.at(-1);
    if (next.size === 1) continue;
    if (last !== undefined && last.stride === next.stride * next.size) {
      last.size *= next.size;
      last.stride = next.stride;
    } else axes.push(next);
  }
  return axes;
}

/** [rows, columns] to [columns, rows]. */
function transpose(from: Float32Array, rows: number, columns: number, to: Float32Array): void {
  for (let row0 = 0; row0 < rows; row0 += TILE) {
    const row1 = Math.min(rows, row0 + TILE);
    for (let column0 = 0; column0 < columns; column0 += TILE) {
      const column1 = Math.min(columns, column0 + TILE);
      for (let column = column0; column < column1; column++) {
        for (let row = row0; row < row1; row++) to[column * rows + row] = from[row * columns + column]!;
      }
    }
  }
}

function gatherAxes(from: Float32Array, axes: readonly Axis[], to: Float32Array): void {
  const outer = axes.slice(0, -1);
  const inner = axes.at(-1)!;
  const at = new Array<number>(outer.length).fill(0);
  let source = 0;
  for (let target = 0; target < to.length; target += inner.size) {
    for (let i = 0; i < inner.size; i++) to[target + i] = from[source + i * inner.stride]!;
    // The next position of the outer axes, as an odometer turns.
    for (let k = outer.length - 1; k >= 0; k--) {
      const { size, stride } = outer[k]!;
      at[k]! += 1;
      source += stride;
      if (at[k]! < size) break;
      source -= size * stride;
      at[k] = 0;
    }
  }
}
