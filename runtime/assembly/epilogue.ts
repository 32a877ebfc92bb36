import { activateRows } from './activate-rows';
import { floats } from './simd';

/**
 * y = activation(y + bias) + residual, in place on `rows` × `columns`, right after they were written and while they are in a near cache.
 * Strides in bytes; `bias` and `residual` may be 0. The residual must not overlap y.
 */
export function epilogue(
  y: usize, stride: usize, rows: i32, columns: i32, bias: usize, residual: usize, activation: i32,
): void {
  if (bias) addRows(y, stride, rows, columns, bias, 0);
  if (activation) activateRows(y, y, stride, rows, columns, activation);
  if (residual) addRows(y, stride, rows, columns, residual, stride);
}

/** y += b, whose rows are `apart` bytes apart: 0 for one row that is added to all. */
function addRows(y: usize, stride: usize, rows: i32, columns: i32, b: usize, apart: usize): void {
  const whole = floats(columns & ~3);
  const end = floats(columns);
  for (; rows > 0; rows--, y += stride, b += apart) {
    let j: usize = 0;
    for (; j < whole; j += 16) v128.store(y + j, f32x4.add(v128.load(y + j), v128.load(b + j)));
    for (; j < end; j += 4) store<f32>(y + j, load<f32>(y + j) + load<f32>(b + j));
  }
}
