import { floats, madd, splat, sum } from './simd';

/**
 * y = (x − mean) / √(variance + eps) · weight + bias on rows of `width` (Ba et al. 2016, equations 3 and 4); `weight` and
 * `bias` may be 0. Two passes, the second one corrected: the mean is rounded, so the centred values have a small mean of
 * their own, which is taken out of them and of the variance (Chan, Golub and LeVeque 1983). A mean that is many
 * deviations then costs no digits.
 */
export function layerNorm(x: usize, weight: usize, bias: usize, y: usize, rows: i32, width: i32, eps: f32): void {
  const end = floats(width);
  const whole = floats(width & ~3);
  const share: f32 = <f32>1.0 / <f32>width;
  for (; rows > 0; rows--, x += end, y += end) {
    let total = splat(0);
    let i: usize = 0;
    for (; i < whole; i += 16) total = f32x4.add(total, v128.load(x + i));
    for (; i < end; i += 4) total = f32x4.add(total, v128.load_zero<f32>(x + i));
    const about = sum(total) * share;

    let squares = splat(0);
    total = splat(0);
    const centre = splat(about);
    for (i = 0; i < whole; i += 16) {
      const v = f32x4.sub(v128.load(x + i), centre);
      total = f32x4.add(total, v);
      squares = madd(v, v, squares);
    }
    let tail: f32 = 0;
    let tailSquares: f32 = 0;
    for (; i < end; i += 4) {
      const v = load<f32>(x + i) - about;
      tail += v;
      tailSquares += v * v;
    }
    const off = (sum(total) + tail) * share;
    const variance = max<f32>((sum(squares) + tailSquares) * share - off * off, 0);
    scaled(x, weight, bias, y, width, about, off, <f32>1.0 / sqrt<f32>(variance + eps));
  }
}

/** y = ((x − about) − off) · factor · weight + bias; in two steps, because about + off would be rounded to about. */
@inline function scaled(
  x: usize, weight: usize, bias: usize, y: usize, width: i32, about: f32, off: f32, factor: f32,
): void {
  const end = floats(width);
  const whole = floats(width & ~3);
  let i: usize = 0;
  for (; i < whole; i += 16) {
    let v = f32x4.sub(f32x4.sub(v128.load(x + i), splat(about)), splat(off));
    v = f32x4.mul(v, splat(factor));
    if (weight) v = f32x4.mul(v, v128.load(weight + i));
    if (bias) v = f32x4.add(v, v128.load(bias + i));
    v128.store(y + i, v);
  }
  for (; i < end; i += 4) {
    let v: f32 = (load<f32>(x + i) - about - off) * factor;
    if (weight) v *= load<f32>(weight + i);
    if (bias) v += load<f32>(bias + i);
    store<f32>(y + i, v);
  }
}

/** y = x / √(mean(x²) + eps) · weight on rows of `width` (Zhang and Sennrich 2019, equation 4); `weight` may be 0. */
export function rmsNorm(x: usize, weight: usize, y: usize, rows: i32, width: i32, eps: f32): void {
  const end = floats(width);
  const whole = floats(width & ~3);
  const share: f32 = <f32>1.0 / <f32>width;
  for (; rows > 0; rows--, x += end, y += end) {
    let squares = splat(0);
    let i: usize = 0;
    for (; i < whole; i += 16) {
      const v = v128.load(x + i);
      squares = madd(v, v, squares);
    }
    for (; i < end; i += 4) {
      const v = v128.load_zero<f32>(x + i);
      squares = madd(v, v, squares);
    }
    scaled(x, weight, 0, y, width, 0, 0, <f32>1.0 / sqrt<f32>(sum(squares) * share + eps));
  }
}
