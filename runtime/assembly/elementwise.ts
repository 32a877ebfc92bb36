import { activateRows } from './activate-rows';
import { first, floats, splat } from './simd';

/** y = activation(x), `count` elements. */
export function activation(x: usize, y: usize, count: i32, kind: i32): void {
  activateRows(x, y, 0, 1, count, kind);
}

// As in runtime/src/kernels/wasm/arithmetic.ts.
const ADD: i32 = 0;
const SUBTRACT: i32 = 1;
const MULTIPLY: i32 = 2;

/**
 * y = a ∘ b, `count` elements; b has `period` of them, which repeat, or, where the period is 0, is the number `value`.
 */
export function arithmetic(
  a: usize, b: usize, y: usize, count: i32, period: i32, value: f32, kind: i32,
): void {
  const end = a + floats(count);
  if (period == 0) {
    const whole = a + floats(count & ~3);
    for (; a < whole; a += 16, y += 16) v128.store(y, computed(v128.load(a), splat(value), kind));
    for (; a < end; a += 4, y += 4) store<f32>(y, first(computed(splat(load<f32>(a)), splat(value), kind)));
  }
  while (a < end) {
    let p = b;
    for (const whole = b + floats(period & ~3); p < whole; p += 16, a += 16, y += 16)
      v128.store(y, computed(v128.load(a), v128.load(p), kind));
    for (const last = b + floats(period); p < last; p += 4, a += 4, y += 4)
      store<f32>(y, first(computed(splat(load<f32>(a)), splat(load<f32>(p)), kind)));
  }
}

@inline function computed(a: v128, b: v128, kind: i32): v128 {
  if (kind == ADD) return f32x4.add(a, b);
  if (kind == SUBTRACT) return f32x4.sub(a, b);
  if (kind == MULTIPLY) return f32x4.mul(a, b);
  return f32x4.div(a, b);
}
