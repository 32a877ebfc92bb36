/**
 * A mask of dropout from a counter: element i depends on the seed and on i only, so that it is the same on every backend,
 * in any order of evaluation, and again in the backward pass.
 */
export interface CounterMask {
  /** An element is dropped where its 32-bit number is below. */
  readonly threshold: number;
  readonly key: number;
  /** Multiplies what is kept: 1 / (1 − rate). */
  readonly kept: number;
}

export function counterMask(rate: number, seed: number): CounterMask {
  return { threshold: rate * 2 ** 32, key: mix(seed ^ 0x9e3779b9), kept: 1 / (1 - rate) };
}

/** 0 or 1 / (1 − rate) for element `i`, whose low 32 bits count. */
export function maskAt({ threshold, key, kept }: CounterMask, i: number): number {
  return mix(Math.imul(i, 0x9e3779b1) ^ key) >>> 0 >= threshold ? kept : 0;
}

/** A 32-bit mixing function with low bias (Chris Wellons' lowbias32). */
function mix(value: number): number {
  let x = value;
  x = Math.imul(x ^ (x >>> 16), 0x7feb352d);
  x = Math.imul(x ^ (x >>> 15), 0x846ca68b);
  return x ^ (x >>> 16);
}
