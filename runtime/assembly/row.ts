import { madd, splat, sums } from './simd';

// As in packed-tile.ts, nothing is called in the loops.

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
