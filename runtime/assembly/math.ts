// Elementary functions of four float32 at once. NaN stays NaN: the arguments of pmin and pmax are in the order in which
// their comparison with NaN, which is false, keeps it. (min and max would too, at five times the instructions on x86.)
import { madd, splat } from './simd';

const log2e: f32 = 1.44269504;

/** 1.5 · 2^23 + 127: adding it rounds to a whole number and leaves that number, biased as an exponent, in the low bits. */
const roundToExponent: f32 = 12583039.0;

@inline function clamp(x: v128, low: f32, high: f32): v128 {
  return f32x4.pmax(f32x4.pmin(x, splat(high)), splat(low));
}

/** 2^x to 1.2e-7 relative; exactly 0 below −126, so that what is hidden has no weight at all; 2^127 above 127. */
@inline export function exp2(x: v128): v128 {
  const low = f32x4.lt(x, splat(-126.0));
  x = clamp(x, -126.0, 127.0);
  const biased = f32x4.add(x, splat(roundToExponent));
  const r = f32x4.sub(x, f32x4.sub(biased, splat(roundToExponent)));
  // Minimax polynomial of degree 6 on [−1/2, 1/2].
  const q = f32x4.mul(r, r);
  const high = madd(q, splat(1.5353362e-4), madd(r, splat(1.3398874e-3), splat(9.618437e-3)));
  const middle = madd(r, splat(5.5503325e-2), splat(2.4022648e-1));
  const p = madd(q, madd(q, high, middle), madd(r, splat(6.9314718e-1), splat(1.0)));
  return v128.andnot(f32x4.mul(p, i32x4.shl(biased, 23)), low);
}

/** The natural logarithm of a positive, normal number: 2 artanh((m − 1) / (m + 1)) of its mantissa as a series. (The one of the library has tables.) */
export function log(x: f32): f32 {
  const bits = reinterpret<u32>(x);
  let exponent = <i32>(bits >> 23) - 127;
  let m = <f64>reinterpret<f32>((bits & 0x7fffff) | 0x3f800000);
  if (m > 1.4142135623730951) {
    m *= 0.5;
    exponent++;
  }
  const s = (m - 1) / (m + 1);
  const q = s * s;
  const series = 1 + q * (1.0 / 3 + q * (1.0 / 5 + q * (1.0 / 7 + q * (1.0 / 9 + q * (1.0 / 11)))));
  return <f32>(2 * s * series + <f64>exponent * 0.6931471805599453);
}

/** tanh to 1.2e-7 (as in Cephes): what a cap makes of scores multiplies its error. */
@inline export function tanh(x: v128): v128 {
  const q = f32x4.mul(x, x);
  let p = madd(q, splat(-5.70498872745e-3), splat(2.06390887954e-2));
  p = madd(q, p, splat(-5.37397155531e-2));
  p = madd(q, p, splat(1.33314422036e-1));
  p = madd(q, p, splat(-3.33332819422e-1));
  const near = madd(f32x4.mul(q, x), p, x);
  const size = f32x4.abs(x);
  const e = exp2(f32x4.mul(size, splat(2.0 * log2e)));
  const far = f32x4.sub(splat(1.0), f32x4.div(splat(2.0), f32x4.add(e, splat(1.0))));
  const sign = v128.and(x, splat(-0.0));
  return v128.bitselect(near, v128.or(far, sign), f32x4.lt(size, splat(0.625)));
}

/** erf as a rational function of degree 13/8 on |x| ≤ 4 (as in Eigen), 5e-7. */
@inline function erf(x: v128): v128 {
  x = clamp(x, -4.0, 4.0);
  const q = f32x4.mul(x, x);
  const r = f32x4.mul(q, q);
  let p = madd(q, splat(2.77068142495902e-8), splat(-2.10102402082508e-6));
  p = madd(r, madd(r, splat(-2.72614225801306e-10), p), madd(q, splat(-5.69250639462346e-5), splat(-7.34990630326855e-4)));
  p = madd(r, p, madd(q, splat(-2.95459980854025e-3), splat(-1.60960333262415e-2)));
  let d = madd(q, splat(-2.13374055278905e-4), splat(-1.68282697438203e-3));
  d = madd(r, madd(r, splat(-1.45660718464996e-5), d), madd(q, splat(-7.37332916720468e-3), splat(-1.42647390514189e-2)));
  return f32x4.div(f32x4.mul(x, p), d);
}

/** x · Φ(x) with Φ by erf. */
@inline export function gelu(x: v128): v128 {
  const half = f32x4.mul(x, splat(0.5));
  return madd(half, erf(f32x4.mul(x, splat(0.70710678118))), half);
}

/** −2 √(2 / π) log₂ e: gelu's tanh form is x · σ(2 u) = x / (1 + 2^(−2 u log₂ e)). */
const slope: f32 = -2.0 * 0.7978845608 * 1.44269504;

@inline export function geluTanh(x: v128): v128 {
  const u = f32x4.mul(x, madd(f32x4.mul(x, x), splat(slope * <f32>0.044715), splat(slope)));
  return f32x4.div(x, f32x4.add(splat(1.0), exp2(u)));
}

@inline export function silu(x: v128): v128 {
  return f32x4.div(x, f32x4.add(splat(1.0), exp2(f32x4.mul(x, splat(-log2e)))));
}

@inline export function relu(x: v128): v128 {
  return f32x4.pmax(x, splat(0.0));
}

// Activations by number, as in runtime/src/kernels/wasm/activation.ts.
export const NONE: i32 = 0;
export const GELU: i32 = 1;
export const GELU_TANH: i32 = 2;
export const SILU: i32 = 3;
export const RELU: i32 = 4;

@inline export function activate(x: v128, activation: i32): v128 {
  if (activation == NONE) return x;
  if (activation == GELU) return gelu(x);
  if (activation == GELU_TANH) return geluTanh(x);
  if (activation == SILU) return silu(x);
  return relu(x);
}

/** The derivative of an activation. */
@inline export function derivative(x: v128, activation: i32): v128 {
  if (activation == NONE) return splat(1.0);
  if (activation == GELU) {
    // Φ(x) + x φ(x)
    const density = f32x4.mul(splat(0.39894228), exp2(f32x4.mul(f32x4.mul(x, x), splat(-0.5 * log2e))));
    return madd(x, density, madd(splat(0.5), erf(f32x4.mul(x, splat(0.70710678118))), splat(0.5)));
  }
  if (activation == RELU) return v128.bitselect(splat(1.0), splat(0), f32x4.gt(x, splat(0)));
  if (activation == SILU) {
    const s = f32x4.div(splat(1.0), f32x4.add(splat(1.0), exp2(f32x4.mul(x, splat(-log2e)))));
    return f32x4.mul(s, madd(x, f32x4.sub(splat(1.0), s), splat(1.0)));
  }
  // Of x · σ(u): σ + x σ (1 − σ) u′. Behind ±30 it is 0 or 1; u′ grows without end.
  x = clamp(x, -30.0, 30.0);
  const q = f32x4.mul(x, x);
  const s = f32x4.div(splat(1.0), f32x4.add(splat(1.0), exp2(f32x4.mul(x, madd(q, splat(slope * <f32>0.044715), splat(slope))))));
  const rise = madd(q, splat(-3.0 * slope * <f32>0.044715 / log2e), splat(-slope / log2e));
  return f32x4.mul(s, madd(f32x4.mul(x, f32x4.sub(splat(1.0), s)), rise, splat(1.0)));
}
