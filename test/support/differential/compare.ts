/** A result of an engine. Truth values are 0 and 1. */
export interface Result {
  readonly shape: readonly number[];
  readonly data: ArrayLike<number>;
}

/**
 * |a − b| ≤ 1e-4 · (1 + |b|): absolute around 0 and relative where numbers are large, as float32 sums are. Engines add in
 * different orders, so a result of n terms differs by about n · 2⁻²⁴ of their size; a wrong model differs by far more.
 */
const tolerance = 1e-4;

/** How far results are apart, in units of what is allowed: more than 1 is too much. */
export function distance(found: ArrayLike<number>, expected: ArrayLike<number>): number {
  let worst = 0;
  for (let i = 0; i < expected.length; i++) {
    const allowed = tolerance * (1 + Math.abs(expected[i]!));
    const difference = Math.abs(found[i]! - expected[i]!) / allowed;
    if (!(difference <= worst)) worst = Number.isNaN(difference) ? Number.POSITIVE_INFINITY : difference;
  }
  return worst;
}

/** What is wrong with a result. */
export interface Disagreement {
  readonly words: string;
  /** How far it is off, in units of what is allowed; infinite where that has no meaning. */
  readonly apart: number;
}

/** `undefined` where nothing is wrong. */
export function disagreementOf(found: Result, expected: Result): Disagreement | undefined {
  if (found.shape.join() !== expected.shape.join() || found.data.length !== expected.data.length) {
    const words = `has shape [${found.shape.join(', ')}], not [${expected.shape.join(', ')}]`;
    return { words, apart: Number.POSITIVE_INFINITY };
  }
  const apart = distance(found.data, expected.data);
  if (apart <= 1) return undefined;
  let first = 0;
  while (distance([found.data[first]!], [expected.data[first]!]) <= 1) first++;
  const place = `element ${first} of [${found.shape.join(', ')}]`;
  const words = `is ${apart.toPrecision(3)} times the tolerance off; ${place}: ${found.data[first]} instead of ${expected.data[first]}`;
  return { words, apart };
}

/** The same in words alone. */
export const disagreement = (found: Result, expected: Result): string | undefined =>
  disagreementOf(found, expected)?.words;
