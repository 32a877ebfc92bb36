import { floats } from './simd';

/**
 * y [count, width]: row i is row `ids[i % period]` of a table [rows, width], or zeros for an id outside it, plus row i of `added`
 * [count, width] where that is not 0.
 */
export function takeRows(
  table: usize, ids: usize, added: usize, y: usize, count: i32, period: i32, rows: i32, width: i32,
): void {
  const bytes = floats(width);
  for (let i = 0; i < count; i++, y += bytes) {
    const id = load<i32>(ids + ((<usize>(i % period)) << 2));
    const isRow = <u32>id < <u32>rows;
    const row = table + <usize>id * bytes;
    if (added) {
      if (isRow) plus(row, added, y, bytes);
      else memory.copy(y, added, bytes);
      added += bytes;
    } else if (isRow) memory.copy(y, row, bytes);
    else memory.fill(y, 0, bytes);
  }
}

@inline function plus(a: usize, b: usize, y: usize, bytes: usize): void {
  const whole = bytes & ~15;
  let i: usize = 0;
  for (; i < whole; i += 16) v128.store(y + i, f32x4.add(v128.load(a + i), v128.load(b + i)));
  for (; i < bytes; i += 4) store<f32>(y + i, load<f32>(a + i) + load<f32>(b + i));
}
