import { splat } from './simd';

// The mask of runtime/src/kernels/counter-mask.ts, four elements at once.

@inline function mix(x: v128): v128 {
  x = i32x4.mul(v128.xor(x, i32x4.shr_u(x, 16)), i32x4.splat(0x7feb352d));
  x = i32x4.mul(v128.xor(x, i32x4.shr_u(x, 15)), i32x4.splat(0x846ca68b));
  return v128.xor(x, i32x4.shr_u(x, 16));
}

/** `kept` or 0 for elements i … i + 3. */
@inline export function keptOf(i: u32, key: u32, threshold: u32, kept: f32): v128 {
  const index = i32x4.add(i32x4.splat(i), i32x4(0, 1, 2, 3));
  const number = mix(v128.xor(i32x4.mul(index, i32x4.splat(0x9e3779b1)), i32x4.splat(key)));
  return v128.and(splat(kept), i32x4.ge_u(number, i32x4.splat(threshold)));
}

/** Multiplies weights of keys [key, key + count), beside each other at `weights`, by the mask from element `first` + key on. */
export function dropWeights(weights: usize, count: i32, first: u32, dropKey: u32, threshold: u32, kept: f32): void {
  for (let i = 0; i < count; i += 4, weights += 16)
    v128.store(weights, f32x4.mul(v128.load(weights), keptOf(first + i, dropKey, threshold, kept)));
}
