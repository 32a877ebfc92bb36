import { madd, splat } from './simd';

// The innermost loops. They call nothing: V8 spills registers at their definition, so that a call anywhere in the
// function would cost stores in the loop. A tile of 4 × 8 fills the 16 registers of x86: 8 sums, 2 columns, 1 row, 1 product.

/**
 * Products of 4 rows with a panel of 8 columns: c[r, 0..8) = Σ_k a[k, r] · panel[k, 0..8), on top of what is in c where
 * `accumulate`, else of bias[0..8) where `bias` is not 0. `a` is packed (`packLeft`), so that one pointer moves instead of
 * four: an eighth less time. Rows may coincide, in a and in c.
 */
export function packedTile(
  a: usize, panel: usize, inner: i32, c0: usize, c1: usize, c2: usize, c3: usize, accumulate: bool, bias: usize,
): void {
  let s00 = splat(0), s01 = splat(0), s10 = splat(0), s11 = splat(0);
  let s20 = splat(0), s21 = splat(0), s30 = splat(0), s31 = splat(0);
  if (accumulate) {
    s00 = v128.load(c0); s01 = v128.load(c0, 16);
    s10 = v128.load(c1); s11 = v128.load(c1, 16);
    s20 = v128.load(c2); s21 = v128.load(c2, 16);
    s30 = v128.load(c3); s31 = v128.load(c3, 16);
  } else if (bias) {
    s00 = v128.load(bias); s01 = v128.load(bias, 16);
    s10 = s00; s11 = s01; s20 = s00; s21 = s01; s30 = s00; s31 = s01;
  }
  do {
    const b0 = v128.load(panel);
    const b1 = v128.load(panel, 16);
    let x = v128.load_splat<f32>(a);
    s00 = madd(x, b0, s00);
    s01 = madd(x, b1, s01);
    x = v128.load_splat<f32>(a, 4);
    s10 = madd(x, b0, s10);
    s11 = madd(x, b1, s11);
    x = v128.load_splat<f32>(a, 8);
    s20 = madd(x, b0, s20);
    s21 = madd(x, b1, s21);
    x = v128.load_splat<f32>(a, 12);
    s30 = madd(x, b0, s30);
    s31 = madd(x, b1, s31);
    panel += 32;
    a += 16;
  } while (--inner);
  v128.store(c0, s00); v128.store(c0, s01, 16);
  v128.store(c1, s10); v128.store(c1, s11, 16);
  v128.store(c2, s20); v128.store(c2, s21, 16);
  v128.store(c3, s30); v128.store(c3, s31, 16);
}

/** The same on top of c, with 8 columns of a matrix whose rows are `stride` bytes apart. */
export function packedTileOfColumns(
  a: usize, b: usize, stride: usize, inner: i32, c0: usize, c1: usize, c2: usize, c3: usize,
): void {
  let s00 = v128.load(c0), s01 = v128.load(c0, 16);
  let s10 = v128.load(c1), s11 = v128.load(c1, 16);
  let s20 = v128.load(c2), s21 = v128.load(c2, 16);
  let s30 = v128.load(c3), s31 = v128.load(c3, 16);
  do {
    const b0 = v128.load(b);
    const b1 = v128.load(b, 16);
    let x = v128.load_splat<f32>(a);
    s00 = madd(x, b0, s00);
    s01 = madd(x, b1, s01);
    x = v128.load_splat<f32>(a, 4);
    s10 = madd(x, b0, s10);
    s11 = madd(x, b1, s11);
    x = v128.load_splat<f32>(a, 8);
    s20 = madd(x, b0, s20);
    s21 = madd(x, b1, s21);
    x = v128.load_splat<f32>(a, 12);
    s30 = madd(x, b0, s30);
    s31 = madd(x, b1, s31);
    b += stride;
    a += 16;
  } while (--inner);
  v128.store(c0, s00); v128.store(c0, s01, 16);
  v128.store(c1, s10); v128.store(c1, s11, 16);
  v128.store(c2, s20); v128.store(c2, s21, 16);
  v128.store(c3, s30); v128.store(c3, s31, 16);
}

/**
 * The same of a single row, which `packLeft` has four times: in four chains of sums, because one would wait for each addition. What is left over of
 * patches and a class token.
 */
export function packedRow(a: usize, panel: usize, inner: i32, c: usize, accumulate: bool, bias: usize): void {
  let s0 = splat(0), s1 = splat(0), t0 = splat(0), t1 = splat(0);
  let u0 = splat(0), u1 = splat(0), v0 = splat(0), v1 = splat(0);
  if (accumulate) {
    s0 = v128.load(c); s1 = v128.load(c, 16);
  } else if (bias) {
    s0 = v128.load(bias); s1 = v128.load(bias, 16);
  }
  for (; inner >= 4; inner -= 4) {
    let x = v128.load_splat<f32>(a);
    s0 = madd(x, v128.load(panel), s0);
    s1 = madd(x, v128.load(panel, 16), s1);
    x = v128.load_splat<f32>(a, 16);
    t0 = madd(x, v128.load(panel, 32), t0);
    t1 = madd(x, v128.load(panel, 48), t1);
    x = v128.load_splat<f32>(a, 32);
    u0 = madd(x, v128.load(panel, 64), u0);
    u1 = madd(x, v128.load(panel, 80), u1);
    x = v128.load_splat<f32>(a, 48);
    v0 = madd(x, v128.load(panel, 96), v0);
    v1 = madd(x, v128.load(panel, 112), v1);
    panel += 128;
    a += 64;
  }
  for (; inner > 0; inner--, panel += 32, a += 16) {
    const x = v128.load_splat<f32>(a);
    s0 = madd(x, v128.load(panel), s0);
    s1 = madd(x, v128.load(panel, 16), s1);
  }
  v128.store(c, f32x4.add(f32x4.add(s0, t0), f32x4.add(u0, v0)));
  v128.store(c, f32x4.add(f32x4.add(s1, t1), f32x4.add(u1, v1)), 16);
}
