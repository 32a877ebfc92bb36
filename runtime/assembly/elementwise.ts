import { activate } from './math';
import { first, floats, splat } from './simd';

/** y = activation(x), `count` elements. */
export function activation(x: usize, y: usize, count: i32, kind: i32): void {
  const whole = x + floats(count & ~3);
  const end = x + floats(count);
  for (; x < whole; x += 16, y += 16) v128.store(y, activate(v128.load(x), kind));
  for (; x < end; x += 4, y += 4) store<f32>(y, first(activate(splat(load<f32>(x)), kind)));
}
