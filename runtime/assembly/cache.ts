import { floats } from './simd';

/** Rows [length, heads, width] into a cache [heads, capacity, width], from row `start` of each head on. */
export function writeRows(
  rows: usize, cache: usize, length: i32, heads: i32, capacity: i32, width: i32, start: i32,
): void {
  const bytes = floats(width);
  for (let t = 0; t < length; t++)
    for (let head = 0; head < heads; head++, rows += bytes)
      memory.copy(cache + <usize>(head * capacity + start + t) * bytes, rows, bytes);
}
