/** One class, word or label with its probability. */
export interface Scored {
  readonly score: number;
  readonly index: number;
}

/** softmax(scores), in float64. */
export function softmax(scores: ArrayLike<number>): number[] {
  const all = Array.from(scores);
  const largest = all.reduce((most, score) => Math.max(most, score), Number.NEGATIVE_INFINITY);
  const powers = all.map((score) => Math.exp(score - largest));
  const total = powers.reduce((sum, power) => sum + power, 0);
  return powers.map((power) => power / total);
}

/** The `count` largest, falling; the first of equal ones first. */
export function largest(scores: readonly number[], count: number): Scored[] {
  const all = scores.map((score, index) => ({ score, index }));
  return all.sort((a, b) => b.score - a.score || a.index - b.index).slice(0, count);
}
