// Elementary functions of four float32 at once, over all of float32: infinite, denormal and undefined arguments, too.
import { exp2 } from './math';
import { splat } from './simd';

/** 1.5 · 2^23: adding it rounds to a whole number and leaves that number in the low bits. */
const rounding: f32 = 12582912.0;

/** 2^n of whole numbers from −126 to 127. */
@inline function powerOf2(n: v128): v128 {
  return i32x4.shl(i32x4.add(n, i32x4.splat(127)), 23);
}

/** e^x to 1.2e-7 relative (as in Cephes): 0 and ∞ where float32 has nothing closer. */
@inline export function exp(x: v128): v128 {
  x = f32x4.pmax(f32x4.pmin(x, splat(89.0)), splat(-104.0)); // in this order NaN stays
  const biased = f32x4.add(f32x4.mul(x, splat(1.44269504)), splat(rounding));
  const whole = f32x4.sub(biased, splat(rounding));
  const n = i32x4.sub(biased, i32x4.splat(reinterpret<i32>(rounding)));
  // ln 2 in two parts, of which the first is exact in products.
  const r = f32x4.sub(f32x4.sub(x, f32x4.mul(whole, splat(0.693359375))), f32x4.mul(whole, splat(-2.12194440e-4)));
  let p = f32x4.add(f32x4.mul(r, splat(1.9875691500e-4)), splat(1.3981999507e-3));
  p = f32x4.add(f32x4.mul(r, p), splat(8.3334519073e-3));
  p = f32x4.add(f32x4.mul(r, p), splat(4.1665795894e-2));
  p = f32x4.add(f32x4.mul(r, p), splat(1.6666665459e-1));
  p = f32x4.add(f32x4.mul(r, p), splat(5.0000001201e-1));
  p = f32x4.add(f32x4.add(f32x4.mul(f32x4.mul(r, r), p), r), splat(1.0));
  // 2^n in two factors: n may be larger than the largest exponent, or smaller than the smallest.
  const half = i32x4.shr_s(n, 1);
  return f32x4.mul(f32x4.mul(p, powerOf2(half)), powerOf2(i32x4.sub(n, half)));
}

/** 1 / (1 + e^−x), exactly 0 where it is below 2^−126: that times any number is 0. */
@inline export function sigmoid(x: v128): v128 {
  const s = f32x4.div(splat(1.0), f32x4.add(splat(1.0), exp2(f32x4.mul(x, splat(-1.44269504)))));
  return v128.andnot(s, f32x4.lt(x, splat(-87.336)));
}

/** The natural logarithm to 1e-7 relative (as in FreeBSD's msun): −∞ of 0, NaN of what is negative. */
@inline export function log(x: v128): v128 {
  const tiny = f32x4.lt(x, splat(1.17549435e-38));
  const normal = v128.bitselect(f32x4.mul(x, splat(8388608.0)), x, tiny); // · 2^23
  // x = 2^n (1 + f) with 1 + f from √½ to √2.
  const bits = i32x4.add(normal, i32x4.splat(0x3f800000 - 0x3f3504f3));
  const exponent = i32x4.sub(i32x4.shr_s(bits, 23), i32x4.splat(127));
  const n = f32x4.sub(f32x4.convert_i32x4_s(exponent), v128.and(tiny, splat(23.0)));
  const mantissa = i32x4.add(v128.and(bits, i32x4.splat(0x7fffff)), i32x4.splat(0x3f3504f3));
  const f = f32x4.sub(mantissa, splat(1.0));
  const s = f32x4.div(f, f32x4.add(f, splat(2.0)));
  const z = f32x4.mul(s, s);
  const w = f32x4.mul(z, z);
  const odd = f32x4.mul(w, f32x4.add(f32x4.mul(w, splat(0.24279078841)), splat(0.40000972152)));
  const even = f32x4.mul(z, f32x4.add(f32x4.mul(w, splat(0.28498786688)), splat(0.66666662693)));
  const square = f32x4.mul(f32x4.mul(f, f), splat(0.5));
  const rest = f32x4.mul(s, f32x4.add(square, f32x4.add(odd, even)));
  const low = f32x4.sub(f32x4.add(rest, f32x4.mul(n, splat(9.0580006145e-6))), square);
  const y = f32x4.add(f32x4.add(low, f), f32x4.mul(n, splat(6.9313812256e-1)));
  const isNumber = v128.and(f32x4.gt(x, splat(0)), f32x4.lt(x, splat(Infinity)));
  // −∞ of 0; of the others x itself (∞, NaN), or the NaN that a negative number has as square root.
  const other = v128.bitselect(splat(-Infinity), f32x4.sqrt(x), f32x4.eq(x, splat(0)));
  return v128.bitselect(y, other, isNumber);
}
