import { floats } from './simd';

/** sums [width] = Σ over rows of x [rows, width]. */
export function columnSums(x: usize, sums: usize, rows: i32, width: i32): void {
  const end = floats(width);
  const whole = floats(width & ~3);
  memory.fill(sums, 0, end);
  for (; rows > 0; rows--, x += end) {
    let i: usize = 0;
    for (; i < whole; i += 16) v128.store(sums + i, f32x4.add(v128.load(sums + i), v128.load(x + i)));
    for (; i < end; i += 4) store<f32>(sums + i, load<f32>(sums + i) + load<f32>(x + i));
  }
}
