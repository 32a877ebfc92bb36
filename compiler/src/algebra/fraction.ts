/** An exact rational number in lowest terms; `below` is positive. */
export interface Fraction {
  readonly above: bigint;
  readonly below: bigint;
}

export const one: Fraction = { above: 1n, below: 1n };

export function greatestDivisor(a: bigint, b: bigint): bigint {
  let [x, y] = [a < 0n ? -a : a, b < 0n ? -b : b];
  while (y !== 0n) [x, y] = [y, x % y];
  return x;
}

/** above / below in lowest terms; `below` must not be 0. */
export function fraction(above: bigint, below: bigint): Fraction {
  if (below === 1n) return { above, below };
  const divisor = greatestDivisor(above, below) * (below < 0n ? -1n : 1n);
  return { above: above / divisor, below: below / divisor };
}

/** The number as it is written in decimal: 0.1 is 1/10, not the nearest binary fraction. `undefined` if not finite. */
export function fromNumber(value: number): Fraction | undefined {
  if (Number.isSafeInteger(value)) return { above: BigInt(value), below: 1n };
  if (!Number.isFinite(value)) return undefined;
  const [mantissa = '0', exponent = '0'] = String(value).split('e');
  const [whole = '0', digits = ''] = mantissa.split('.');
  const scale = Number(exponent) - digits.length;
  const above = BigInt(whole + digits);
  return scale >= 0 ? { above: above * 10n ** BigInt(scale), below: 1n } : fraction(above, 10n ** BigInt(-scale));
}

export function toNumber(value: Fraction): number {
  return Number(value.above) / Number(value.below);
}

export const plus = (a: Fraction, b: Fraction): Fraction =>
  fraction(a.above * b.below + b.above * a.below, a.below * b.below);

export const times = (a: Fraction, b: Fraction): Fraction => fraction(a.above * b.above, a.below * b.below);

/** a / b; b must not be 0. */
export const over = (a: Fraction, b: Fraction): Fraction => fraction(a.above * b.below, a.below * b.above);

export const minus = (a: Fraction): Fraction => ({ above: -a.above, below: a.below });

export function printFraction(a: Fraction): string {
  return a.below === 1n ? String(a.above) : `${a.above}/${a.below}`;
}
