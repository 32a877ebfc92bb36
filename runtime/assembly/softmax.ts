import { exp2 } from './math';
import { first, floats, largest, splat, sum } from './simd';

const LOG2E: f32 = 1.44269504;

/** y = exp(x − largest) / Σ exp(x − largest) on rows of `width`; exp(−∞) is exactly 0. */
export function softmax(x: usize, y: usize, rows: i32, width: i32): void {
  const end = floats(width);
  const whole = floats(width & ~3);
  for (; rows > 0; rows--, x += end, y += end) {
    let top = splat(-Infinity);
    let i: usize = 0;
    for (; i < whole; i += 16) top = f32x4.pmax(v128.load(x + i), top);
    let most = largest(top);
    for (; i < end; i += 4) most = max<f32>(most, load<f32>(x + i));

    const origin = splat(most);
    let total = splat(0);
    for (i = 0; i < whole; i += 16) {
      const v = exp2(f32x4.mul(f32x4.sub(v128.load(x + i), origin), splat(LOG2E)));
      total = f32x4.add(total, v);
      v128.store(y + i, v);
    }
    let all = sum(total);
    for (; i < end; i += 4) {
      const v = first(exp2(splat((load<f32>(x + i) - most) * LOG2E)));
      all += v;
      store<f32>(y + i, v);
    }
    const factor: f32 = <f32>1.0 / all;
    for (i = 0; i < whole; i += 16) v128.store(y + i, f32x4.mul(v128.load(y + i), splat(factor)));
    for (; i < end; i += 4) store<f32>(y + i, load<f32>(y + i) * factor);
  }
}
