/** Seeded numbers, the same on every machine (mulberry32). */
export interface Random {
  /** 0 ≤ u < 1 */
  uniform(): number;
  /** 0 … below − 1 */
  below(count: number): number;
  /** True with this probability. */
  chance(probability: number): boolean;
}

export function random(seed: number): Random {
  let state = (Math.imul(seed, 0x9e3779b1) ^ 0x85ebca6b) >>> 0;
  const uniform = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return {
    uniform,
    below: (count) => Math.floor(uniform() * count),
    chance: (probability) => uniform() < probability,
  };
}
