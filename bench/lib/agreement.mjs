// @ts-check
// Engines that compute something else are not compared by time.

/** Numbers agree up to this share of the largest of them, or up to this where all are below 1. */
export const tolerances = { cpu: 1e-4, gpu: 1e-3 };

/**
 * How far two lists are apart: the largest difference, as a share of the largest number where that is above 1. NaN counts as infinitely far.
 * @param {Float32Array} a
 * @param {Float32Array} b
 * @returns {{ difference: number, at: number }} `at`: where it is largest
 */
export function largestDifference(a, b) {
  if (a.length !== b.length) return { difference: Number.POSITIVE_INFINITY, at: Math.min(a.length, b.length) };
  let [largest, magnitude, at] = [0, 1, 0];
  for (let i = 0; i < a.length; i++) {
    const [x, y] = [Number(a[i]), Number(b[i])];
    const difference = Math.abs(x - y);
    if (!(difference <= largest)) {
      [largest, at] = [difference, i];
      if (Number.isNaN(difference)) return { difference: Number.POSITIVE_INFINITY, at };
    }
    magnitude = Math.max(magnitude, Math.abs(y));
  }
  return { difference: largest / magnitude, at };
}

/** Two engines gave different numbers: exit status 1. */
export class DisagreementError extends Error {}

/**
 * Compares every engine with every other one. Throws {@link DisagreementError} where two are too far apart, and says who stands
 * alone.
 * @param {string} title of the case
 * @param {readonly { name: string, numbers: Float32Array }[]} outputs
 * @param {number} tolerance
 * @returns {Record<string, number>} the largest difference of each engine to any other
 */
export function checkAgreement(title, outputs, tolerance) {
  /** @type {Record<string, number>} */
  const farthest = Object.fromEntries(outputs.map(({ name }) => [name, 0]));
  /** @type {Record<string, number>} */
  const quarrels = { ...farthest };
  const lines = [];
  for (const [i, one] of outputs.entries()) {
    for (const other of outputs.slice(i + 1)) {
      const { difference, at } = largestDifference(one.numbers, other.numbers);
      for (const { name } of [one, other]) farthest[name] = Math.max(Number(farthest[name]), difference);
      if (difference <= tolerance) continue;
      for (const { name } of [one, other]) quarrels[name] = Number(quarrels[name]) + 1;
      lines.push(`  ${one.name} and ${other.name}: ${told(one.numbers, other.numbers, difference, at)}`);
    }
  }
  if (lines.length === 0) return farthest;
  const alone = outputs.filter(({ name }) => outputs.length > 2 && quarrels[name] === outputs.length - 1);
  const blame = alone.length === 1 ? `\n${alone[0]?.name} stands alone: the others agree` : '';
  const bound = `differences above ${tolerance} of the largest number`;
  throw new DisagreementError(`${title}: the engines do not agree (${bound})\n${lines.join('\n')}${blame}`);
}

/**
 * @param {Float32Array} a
 * @param {Float32Array} b
 * @param {number} difference
 * @param {number} at
 */
function told(a, b, difference, at) {
  if (a.length !== b.length) return `${a.length} and ${b.length} numbers`;
  return `${difference.toPrecision(3)}; number ${at} is ${a[at]} and ${b[at]}`;
}
