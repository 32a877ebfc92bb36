import { floats, madd, splat } from './simd';

/**
 * Turns the first `turning` of `width` features of rows x [positions, heads, width] and copies the others. `cos` and
 * `sin` [positions, turning] hold both entries of a pair, −sine and sine in `sin`; `sign` −1 turns back (the gradient).
 */
export function rotary(
  x: usize, cos: usize, sin: usize, y: usize, positions: i32, heads: i32, width: i32, turning: i32,
  interleaved: bool, sign: f32,
): void {
  const row = floats(width);
  const part = floats(turning);
  for (; positions > 0; positions--, cos += part, sin += part)
    for (let head = 0; head < heads; head++, x += row, y += row) {
      if (interleaved) neighbours(x, cos, sin, y, part, sign);
      else halves(x, cos, sin, y, part, sign);
      if (turning < width) memory.copy(y + part, x + part, row - part);
    }
}

/** Features i and i + n/2 turn together. */
@inline function halves(x: usize, cos: usize, sin: usize, y: usize, end: usize, sign: f32): void {
  const half = end >> 1;
  let i: usize = 0;
  for (const signs = splat(sign); i + 16 <= half; i += 16) {
    const a = v128.load(x + i);
    const b = v128.load(x + i + half);
    const s = f32x4.mul(signs, v128.load(sin + i + half));
    v128.store(y + i, f32x4.sub(f32x4.mul(a, v128.load(cos + i)), f32x4.mul(b, s)));
    v128.store(y + i + half, madd(a, s, f32x4.mul(b, v128.load(cos + i + half))));
  }
  for (; i < half; i += 4) pair(x + i, x + i + half, load<f32>(cos + i), sign * load<f32>(sin + i + half), y + i, y + i + half);
}

/** Features 2i and 2i + 1 turn together. */
@inline function neighbours(x: usize, cos: usize, sin: usize, y: usize, end: usize, sign: f32): void {
  let i: usize = 0;
  for (const signs = splat(sign); i + 16 <= end; i += 16) {
    const v = v128.load(x + i);
    const partners = v128.shuffle<f32>(v, v, 1, 0, 3, 2);
    const s = f32x4.mul(signs, v128.load(sin + i));
    v128.store(y + i, madd(partners, s, f32x4.mul(v, v128.load(cos + i))));
  }
  for (; i < end; i += 8) pair(x + i, x + i + 4, load<f32>(cos + i), sign * load<f32>(sin + i + 4), y + i, y + i + 4);
}

@inline function pair(x0: usize, x1: usize, cos: f32, sin: f32, y0: usize, y1: usize): void {
  const a = load<f32>(x0);
  const b = load<f32>(x1);
  store<f32>(y0, a * cos - b * sin);
  store<f32>(y1, b * cos + a * sin);
}
