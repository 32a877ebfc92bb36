import { floats } from './simd';

// A panel is what a tile of products reads in order: for each inner index k the numbers of 8 columns, side by side.

/** Rows of a matrix (its columns are inner indices) as a panel; `rows` < 8: the last one again in the other columns. */
export function packRows(source: usize, stride: usize, rows: i32, inner: i32, panel: usize): void {
  const last = rows - 1;
  for (let at = 0; at < 8; at += 4) {
    const r0 = source + <usize>min(at, last) * stride;
    const r1 = source + <usize>min(at + 1, last) * stride;
    const r2 = source + <usize>min(at + 2, last) * stride;
    const r3 = source + <usize>min(at + 3, last) * stride;
    packFour(r0, r1, r2, r3, inner, panel + floats(at), 32);
  }
}

/** The left side of a tile: for each inner index the numbers of 4 rows, side by side; of fewer, the last again. */
export function packLeft(source: usize, stride: usize, rows: i32, inner: i32, to: usize): void {
  const r1 = rows > 1 ? source + stride : source;
  const r2 = rows > 2 ? r1 + stride : r1;
  packFour(source, r1, r2, rows > 3 ? r2 + stride : r2, inner, to, 16);
}

/** The left side of a tile from 4 columns of a matrix whose rows are inner indices; of fewer, the last again. */
export function packLeftColumns(source: usize, stride: usize, columns: i32, inner: i32, to: usize): void {
  for (; inner > 0; inner--, source += stride, to += 16) {
    if (columns == 4) v128.store(to, v128.load(source));
    else for (let j = 0; j < 4; j++) store<f32>(to + floats(j), load<f32>(source + floats(min(j, columns - 1))));
  }
}

/** A transposition: rows to columns that are `step` bytes apart. */
export function packFour(r0: usize, r1: usize, r2: usize, r3: usize, inner: i32, to: usize, step: usize): void {
  let i: usize = 0;
  for (const whole = floats(inner & ~3); i < whole; i += 16, to += 4 * step) {
    const a = v128.load(r0 + i);
    const b = v128.load(r1 + i);
    const c = v128.load(r2 + i);
    const d = v128.load(r3 + i);
    const ab = v128.shuffle<f32>(a, b, 0, 4, 1, 5);
    const cd = v128.shuffle<f32>(c, d, 0, 4, 1, 5);
    v128.store(to, v128.shuffle<f32>(ab, cd, 0, 1, 4, 5));
    v128.store(to + step, v128.shuffle<f32>(ab, cd, 2, 3, 6, 7));
    const ab2 = v128.shuffle<f32>(a, b, 2, 6, 3, 7);
    const cd2 = v128.shuffle<f32>(c, d, 2, 6, 3, 7);
    v128.store(to + 2 * step, v128.shuffle<f32>(ab2, cd2, 0, 1, 4, 5));
    v128.store(to + 3 * step, v128.shuffle<f32>(ab2, cd2, 2, 3, 6, 7));
  }
  for (const end = floats(inner); i < end; i += 4, to += step) {
    store<f32>(to, load<f32>(r0 + i));
    store<f32>(to, load<f32>(r1 + i), 4);
    store<f32>(to, load<f32>(r2 + i), 8);
    store<f32>(to, load<f32>(r3 + i), 12);
  }
}

/** Columns of a matrix (its rows are inner indices) as a panel; `columns` < 8: zeros in the others. */
export function packColumns(source: usize, stride: usize, columns: i32, inner: i32, panel: usize): void {
  if (columns == 8) {
    for (; inner > 0; inner--, source += stride, panel += 32) {
      v128.store(panel, v128.load(source));
      v128.store(panel, v128.load(source, 16), 16);
    }
    return;
  }
  for (; inner > 0; inner--, source += stride, panel += 32) {
    memory.fill(panel, 0, 32);
    memory.copy(panel, source, floats(columns));
  }
}
