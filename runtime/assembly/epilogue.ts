import { activate } from './math';
import { first, floats, splat } from './simd';

/**
 * y = activation(y + bias) + residual, in place on `rows` × `columns`, right after a tile was written and while it is in
 * the nearest cache. Strides in bytes; `bias` and `residual` may be 0. The residual must not overlap y.
 */
export function epilogue(
  y: usize, stride: usize, rows: i32, columns: i32, bias: usize, residual: usize, activation: i32,
): void {
  const whole = floats(columns & ~3);
  const end = floats(columns);
  for (; rows > 0; rows--) {
    let j: usize = 0;
    for (; j < whole; j += 16) {
      let v = v128.load(y + j);
      if (bias) v = f32x4.add(v, v128.load(bias + j));
      v = activate(v, activation);
      if (residual) v = f32x4.add(v, v128.load(residual + j));
      v128.store(y + j, v);
    }
    for (; j < end; j += 4) {
      let v = load<f32>(y + j);
      if (bias) v += load<f32>(bias + j);
      v = first(activate(splat(v), activation));
      if (residual) v += load<f32>(residual + j);
      store<f32>(y + j, v);
    }
    y += stride;
    if (residual) residual += stride;
  }
}
