import { floats, madd, splat, sum } from './simd';

/**
 * The gradients of a norm on rows of `width` from dy, that of what it returned: of x, and summed over the rows of weight and bias
 * (0: there is none, or its gradient is not wanted). `centred`: of layer norm, else of RMS norm. With x̂ the normalized row and
 * g = dy · weight that of x is (g − mean(g) − x̂ · mean(g · x̂)) / deviation, without mean(g) where nothing is centred.
 */
export function normGradient(
  x: usize, weight: usize, dy: usize, dx: usize, dWeight: usize, dBias: usize, rows: i32, width: i32, eps: f32,
  centred: i32,
): void {
  const end = floats(width);
  const share: f32 = <f32>1.0 / <f32>width;
  if (dWeight) memory.fill(dWeight, 0, end);
  if (dBias) memory.fill(dBias, 0, end);
  for (; rows > 0; rows--, x += end, dy += end, dx += end) {
    // In two parts, as in norm.ts: a mean that is many deviations then costs no digits.
    const about: f32 = centred ? distances(x, width, 0) * share : 0;
    const off: f32 = centred ? distances(x, width, about) * share : 0;
    const variance = max<f32>(squares(x, width, about) * share - off * off, 0);
    const factor: f32 = <f32>1.0 / sqrt<f32>(variance + eps);
    gradientOfRow(x, weight, dy, dx, dWeight, dBias, width, about, off, factor, centred);
  }
}

@inline function gradientOfRow(
  x: usize, weight: usize, dy: usize, dx: usize, dWeight: usize, dBias: usize, width: i32, about: f32, off: f32,
  factor: f32, centred: i32,
): void {
  const end = floats(width);
  const whole = floats(width & ~3);
  const share: f32 = <f32>1.0 / <f32>width;
  let gradients = splat(0);
  let products = splat(0);
  let i: usize = 0;
  for (; i < whole; i += 16) {
    const v = normalized(x + i, about, off, factor);
    let d = v128.load(dy + i);
    if (dBias) v128.store(dBias + i, f32x4.add(v128.load(dBias + i), d));
    if (dWeight) v128.store(dWeight + i, madd(d, v, v128.load(dWeight + i)));
    if (weight) d = f32x4.mul(d, v128.load(weight + i));
    gradients = f32x4.add(gradients, d);
    products = madd(d, v, products);
  }
  let ofGradients = sum(gradients);
  let ofProducts = sum(products);
  for (; i < end; i += 4) {
    const v: f32 = (load<f32>(x + i) - about - off) * factor;
    let d = load<f32>(dy + i);
    if (dBias) store<f32>(dBias + i, load<f32>(dBias + i) + d);
    if (dWeight) store<f32>(dWeight + i, load<f32>(dWeight + i) + d * v);
    if (weight) d *= load<f32>(weight + i);
    ofGradients += d;
    ofProducts += d * v;
  }
  const mean: f32 = centred ? ofGradients * share : 0;
  const slope: f32 = ofProducts * share;
  for (i = 0; i < whole; i += 16) {
    let d = v128.load(dy + i);
    if (weight) d = f32x4.mul(d, v128.load(weight + i));
    d = f32x4.sub(d, f32x4.mul(normalized(x + i, about, off, factor), splat(slope)));
    v128.store(dx + i, f32x4.mul(f32x4.sub(d, splat(mean)), splat(factor)));
  }
  for (; i < end; i += 4) {
    let d = load<f32>(dy + i);
    if (weight) d *= load<f32>(weight + i);
    store<f32>(dx + i, (d - (load<f32>(x + i) - about - off) * factor * slope - mean) * factor);
  }
}

@inline function normalized(x: usize, about: f32, off: f32, factor: f32): v128 {
  return f32x4.mul(f32x4.sub(f32x4.sub(v128.load(x), splat(about)), splat(off)), splat(factor));
}

/** Σ (x − about). */
function distances(x: usize, width: i32, about: f32): f32 {
  let all = splat(0);
  const end = x + floats(width);
  for (const whole = x + floats(width & ~3); x < whole; x += 16) all = f32x4.add(all, f32x4.sub(v128.load(x), splat(about)));
  let result = sum(all);
  for (; x < end; x += 4) result += load<f32>(x) - about;
  return result;
}

/** Σ (x − about)². */
function squares(x: usize, width: i32, about: f32): f32 {
  let all = splat(0);
  const end = x + floats(width);
  for (const whole = x + floats(width & ~3); x < whole; x += 16) {
    const v = f32x4.sub(v128.load(x), splat(about));
    all = madd(v, v, all);
  }
  let result = sum(all);
  for (; x < end; x += 4) result += (load<f32>(x) - about) * (load<f32>(x) - about);
  return result;
}
