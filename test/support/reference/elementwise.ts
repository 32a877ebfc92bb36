/** Activations in float64, straight from their formulas. */

/** Taylor series near 0, continued fraction (Abramowitz and Stegun 7.1.5 and 7.1.14) beyond; good to 1e-12. */
function erf(x: number): number {
  if (x < 0) return -erf(-x);
  if (x < 3) {
    let [term, sum] = [x, x];
    for (let n = 1; n < 120; n++) {
      term *= (-x * x) / n;
      sum += term / (2 * n + 1);
    }
    return (2 / Math.sqrt(Math.PI)) * sum;
  }
  let fraction = 0;
  for (let n = 100; n >= 1; n--) fraction = n / 2 / (x + fraction);
  return 1 - Math.exp(-x * x) / (Math.sqrt(Math.PI) * (x + fraction));
}

/** 1 − erf(x) without cancellation for large x. */
function erfc(x: number): number {
  if (x < 3) return 1 - erf(x);
  let fraction = 0;
  for (let n = 100; n >= 1; n--) fraction = n / 2 / (x + fraction);
  return Math.exp(-x * x) / (Math.sqrt(Math.PI) * (x + fraction));
}

export const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
export const relu = (x: number): number => Math.max(x, 0);
export const gelu = (x: number): number => 0.5 * x * erfc(-x / Math.SQRT2);
export const geluTanh = (x: number): number => x * sigmoid(2 * Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3));
export const silu = (x: number): number => x * sigmoid(x);
export const elu = (x: number, alpha = 1): number => (x > 0 ? x : alpha * Math.expm1(x));
export const leakyRelu = (x: number, slope = 0.01): number => (x > 0 ? x : slope * x);
export const softplus = (x: number): number => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
