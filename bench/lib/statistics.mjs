// @ts-check
// What a list of measurements says.

/**
 * Linear between the two values around it, as numpy.quantile does.
 * @param {readonly number[]} values not empty
 * @param {number} share 0.5 is the median
 */
export function quantile(values, share) {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (sorted.length - 1) * share;
  const below = sorted[Math.floor(at)];
  const above = sorted[Math.ceil(at)];
  if (below === undefined || above === undefined) throw new Error('there is nothing to take a quantile of');
  return below + (above - below) * (at - Math.floor(at));
}

/** @param {readonly number[]} values */
export const median = (values) => quantile(values, 0.5);

/**
 * How many times as long as the baseline: the median of the rounds' ratios, so that what slows a whole round down does not
 * count.
 * @param {readonly number[]} times
 * @param {readonly number[]} baseline of the same rounds
 */
export function ratio(times, baseline) {
  const rounds = Math.min(times.length, baseline.length);
  return median(times.slice(0, rounds).map((time, round) => time / Number(baseline[round])));
}
