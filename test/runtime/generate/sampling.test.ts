import { Sampler } from '@tfm-lang/runtime';
import { describe, expect, test } from 'vitest';
import { cacheCapacity, promptChunks } from '../../../runtime/src/generate/chunks.js';

const DRAWS = 20_000;

/** How often each token is drawn. */
function counts(options: ConstructorParameters<typeof Sampler>[0], logits: readonly number[]): number[] {
  const sampler = new Sampler(options);
  const found = logits.map(() => 0);
  for (let i = 0; i < DRAWS; i++) found[sampler.sample(logits, i)]!++;
  return found;
}

/** The value that χ² with so many degrees of freedom exceeds once in 10,000 times (Wilson and Hilferty 1931). */
const critical = (freedom: number): number => {
  const variance = 2 / (9 * freedom);
  return freedom * (1 - variance + 3.719 * Math.sqrt(variance)) ** 3;
};

const probabilities = [0.3, 0.02, 0.05, 0.2, 0.01, 0.15, 0.08, 0.04, 0.1, 0.05];
const logits = probabilities.map(Math.log);
/** The probabilities of some tokens, of all that is left. */
const only = (...kept: readonly number[]): number[] => {
  const mass = kept.reduce((sum, token) => sum + probabilities[token]!, 0);
  return probabilities.map((p, token) => (kept.includes(token) ? p / mass : 0));
};
const squares = probabilities.map((p) => p ** 2);
const squared = squares.map((p) => p / squares.reduce((sum, each) => sum + each, 0));

describe('sampling', () => {
  test.each([
    ['the probabilities of the softmax', {}, probabilities],
    ['temperature 0.5 squares them', { temperature: 0.5 }, squared],
    ['the four likeliest', { topK: 4 }, only(0, 3, 5, 8)],
    ['the nucleus of 0.7', { topP: 0.7 }, only(0, 3, 5, 8)],
    ['a nucleus has at least one token', { topP: 0.01 }, only(0)],
    ['a sixth of the likeliest', { minP: 1 / 6.1 }, only(0, 2, 3, 5, 6, 8, 9)],
    // The entropy is 1.94, the information of a token with p = 0.144.
    ['the typical half', { typicalP: 0.5 }, only(3, 5, 6, 8)],
    ['the nucleus of the five likeliest', { topK: 5, topP: 0.5 }, only(0, 3)],
    ['temperature 0 takes the likeliest', { temperature: 0 }, only(0)],
  ])('%s', (_, options, expected) => {
    const found = counts({ seed: 5, ...options }, logits);
    const drawn = expected.filter((p) => p > 0).length;
    expect(found.filter((_count, token) => expected[token] === 0)).toEqual(Array(10 - drawn).fill(0));
    const chiSquare = found.reduce((sum, count, token) => {
      const mean = expected[token]! * DRAWS;
      return mean === 0 ? sum : sum + (count - mean) ** 2 / mean;
    }, 0);
    if (drawn > 1) expect(chiSquare).toBeLessThan(critical(drawn - 1));
    else expect(chiSquare).toBe(0);
  });

  test('two samples of one seed are independent', () => {
    const [a, b] = [new Sampler({ seed: 5 }, 0), new Sampler({ seed: 5 }, 1)];
    const pairs = new Map<number, number>();
    for (let i = 0; i < DRAWS; i++) {
      const pair = 10 * a.sample(logits, i) + b.sample(logits, i);
      pairs.set(pair, (pairs.get(pair) ?? 0) + 1);
    }
    let chiSquare = 0;
    probabilities.forEach((p, i) => {
      probabilities.forEach((q, j) => {
        const mean = p * q * DRAWS;
        chiSquare += ((pairs.get(10 * i + j) ?? 0) - mean) ** 2 / mean;
      });
    });
    expect(chiSquare).toBeLessThan(critical(99));
  });

  test('of equal tokens the first is the likeliest', () => {
    expect(new Sampler({ temperature: 0 }).sample([1, 3, 3], 0)).toBe(1);
  });

  test('a draw depends on the seed and its number only', () => {
    const draw = (seed: number, order: readonly number[]) => {
      const sampler = new Sampler({ seed });
      return new Map(order.map((i) => [i, sampler.sample(logits, i)]));
    };
    const forward = draw(1, [0, 1, 2, 3, 4, 5, 6, 7]);
    const backward = draw(1, [7, 6, 5, 4, 3, 2, 1, 0]);
    for (const [i, token] of forward) expect(backward.get(i)).toBe(token);
  });
});

test.each([
  [1, [1]],
  [37, [32, 4, 1]],
  [64, [64]],
])('a prompt of %i rows', (rows, chunks) => {
  expect(promptChunks(rows)).toEqual(chunks);
});

test('capacities are few, and never above the context', () => {
  expect([1, 64, 65, 200].map((rows) => cacheCapacity(rows))).toEqual([64, 64, 128, 256]);
  expect(cacheCapacity(200, 224)).toBe(224);
});
