import { madd, splat, sums } from './simd';

// The innermost loops. They call nothing: V8 spills registers at their definition, so that a call anywhere in the
// function would cost stores in the loop. A tile of 4 × 8 fills the 16 registers of x86: 8 sums, 2 columns, 1 row, 1 product.

/**
 * Products of 4 rows with a panel of 8 columns: c[r, 0..8) = Σ_k a[r, k] · panel[k, 0..8), on top of what is in c where
 * `accumulate`, else of bias[0..8) where `bias` is not 0. Rows may coincide, a with a and c with c.
 */
export function tile(
  a0: usize, a1: usize, a2: usize, a3: usize, panel: usize, inner: i32,
  c0: usize, c1: usize, c2: usize, c3: usize, accumulate: bool, bias: usize,
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
    let a = v128.load_splat<f32>(a0);
    s00 = madd(a, b0, s00);
    s01 = madd(a, b1, s01);
    a = v128.load_splat<f32>(a1);
    s10 = madd(a, b0, s10);
    s11 = madd(a, b1, s11);
    a = v128.load_splat<f32>(a2);
    s20 = madd(a, b0, s20);
    s21 = madd(a, b1, s21);
    a = v128.load_splat<f32>(a3);
    s30 = madd(a, b0, s30);
    s31 = madd(a, b1, s31);
    panel += 32;
    a0 += 4;
    a1 += 4;
    a2 += 4;
    a3 += 4;
  } while (--inner);
  v128.store(c0, s00); v128.store(c0, s01, 16);
  v128.store(c1, s10); v128.store(c1, s11, 16);
  v128.store(c2, s20); v128.store(c2, s21, 16);
  v128.store(c3, s30); v128.store(c3, s31, 16);
}

/** The same on top of c, with 8 columns of a matrix whose rows are `stride` bytes apart. */
export function tileOfColumns(
  a0: usize, a1: usize, a2: usize, a3: usize, b: usize, stride: usize, inner: i32,
  c0: usize, c1: usize, c2: usize, c3: usize,
): void {
  let s00 = v128.load(c0), s01 = v128.load(c0, 16);
  let s10 = v128.load(c1), s11 = v128.load(c1, 16);
  let s20 = v128.load(c2), s21 = v128.load(c2, 16);
  let s30 = v128.load(c3), s31 = v128.load(c3, 16);
  do {
    const b0 = v128.load(b);
    const b1 = v128.load(b, 16);
    let a = v128.load_splat<f32>(a0);
    s00 = madd(a, b0, s00);
    s01 = madd(a, b1, s01);
    a = v128.load_splat<f32>(a1);
    s10 = madd(a, b0, s10);
    s11 = madd(a, b1, s11);
    a = v128.load_splat<f32>(a2);
    s20 = madd(a, b0, s20);
    s21 = madd(a, b1, s21);
    a = v128.load_splat<f32>(a3);
    s30 = madd(a, b0, s30);
    s31 = madd(a, b1, s31);
    b += stride;
    a0 += 4;
    a1 += 4;
    a2 += 4;
    a3 += 4;
  } while (--inner);
  v128.store(c0, s00); v128.store(c0, s01, 16);
  v128.store(c1, s10); v128.store(c1, s11, 16);
  v128.store(c2, s20); v128.store(c2, s21, 16);
  v128.store(c3, s30); v128.store(c3, s31, 16);
}

/** One row: c[0..8) += Σ_k a[k] · b[k, 0..8); two sums of every second k, because one would wait for itself. */
export function rowOfColumns(a: usize, b: usize, stride: usize, inner: i32, c: usize): void {
  let s0 = v128.load(c), s1 = v128.load(c, 16);
  let t0 = splat(0), t1 = splat(0);
  for (; inner > 1; inner -= 2) {
    let x = v128.load_splat<f32>(a);
    s0 = madd(x, v128.load(b), s0);
    s1 = madd(x, v128.load(b, 16), s1);
    b += stride;
    x = v128.load_splat<f32>(a, 4);
    t0 = madd(x, v128.load(b), t0);
    t1 = madd(x, v128.load(b, 16), t1);
    b += stride;
    a += 8;
  }
  if (inner) {
    const x = v128.load_splat<f32>(a);
    s0 = madd(x, v128.load(b), s0);
    s1 = madd(x, v128.load(b, 16), s1);
  }
  v128.store(c, f32x4.add(s0, t0));
  v128.store(c, f32x4.add(s1, t1), 16);
}

/**
 * x · w0 … x · w3, vectors of `inner` numbers. No panel is needed; the four rows are four streams from memory, which
 * one stream alone would not use to the full.
 */
export function dots(x: usize, w0: usize, w1: usize, w2: usize, w3: usize, inner: i32): v128 {
  let s0 = splat(0), s1 = splat(0), s2 = splat(0), s3 = splat(0);
  for (; inner > 3; inner -= 4) {
    const v = v128.load(x);
    s0 = madd(v, v128.load(w0), s0);
    s1 = madd(v, v128.load(w1), s1);
    s2 = madd(v, v128.load(w2), s2);
    s3 = madd(v, v128.load(w3), s3);
    x += 16;
    w0 += 16;
    w1 += 16;
    w2 += 16;
    w3 += 16;
  }
  for (; inner > 0; inner--) {
    const v = v128.load_zero<f32>(x);
    s0 = madd(v, v128.load_zero<f32>(w0), s0);
    s1 = madd(v, v128.load_zero<f32>(w1), s1);
    s2 = madd(v, v128.load_zero<f32>(w2), s2);
    s3 = madd(v, v128.load_zero<f32>(w3), s3);
    x += 4;
    w0 += 4;
    w1 += 4;
    w2 += 4;
    w3 += 4;
  }
  return sums(s0, s1, s2, s3);
}
