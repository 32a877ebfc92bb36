import { activate, derivative } from './math';
import { first, floats, splat } from './simd';

// Not inlined: all activations, each time, would be half of the module.
function value(x: v128, kind: i32): v128 {
  return activate(x, kind);
}

function slope(x: v128, kind: i32): v128 {
  return derivative(x, kind);
}

/** dx = dy · activation′(x), `count` elements. */
export function activationGradient(x: usize, dy: usize, dx: usize, count: i32, kind: i32): void {
  const whole = floats(count & ~3);
  const end = floats(count);
  let i: usize = 0;
  for (; i < whole; i += 16) v128.store(dx + i, f32x4.mul(v128.load(dy + i), slope(v128.load(x + i), kind)));
  for (; i < end; i += 4) store<f32>(dx + i, load<f32>(dy + i) * first(slope(splat(load<f32>(x + i)), kind)));
}

/** y = activation(a) · b. */
export function gated(a: usize, b: usize, y: usize, count: i32, kind: i32): void {
  const whole = floats(count & ~3);
  const end = floats(count);
  let i: usize = 0;
  for (; i < whole; i += 16) v128.store(y + i, f32x4.mul(v128.load(b + i), value(v128.load(a + i), kind)));
  for (; i < end; i += 4) store<f32>(y + i, load<f32>(b + i) * first(value(splat(load<f32>(a + i)), kind)));
}

/** da = dy · b · activation′(a), db = dy · activation(a). */
export function gatedGradient(a: usize, b: usize, dy: usize, da: usize, db: usize, count: i32, kind: i32): void {
  const whole = floats(count & ~3);
  const end = floats(count);
  let i: usize = 0;
  for (; i < whole; i += 16) {
    const x = v128.load(a + i);
    const d = v128.load(dy + i);
    v128.store(da + i, f32x4.mul(f32x4.mul(d, v128.load(b + i)), slope(x, kind)));
    v128.store(db + i, f32x4.mul(d, value(x, kind)));
  }
  for (; i < end; i += 4) {
    const x = splat(load<f32>(a + i));
    const d = load<f32>(dy + i);
    store<f32>(da + i, d * load<f32>(b + i) * first(slope(x, kind)));
    store<f32>(db + i, d * first(value(x, kind)));
  }
}
