import { Sampler } from '@tfm-lang/runtime';
import { describe, expect, test } from 'vitest';
import { cacheCapacity, promptChunks } from '../../../runtime/src/generate/chunks.js';

/** How often each token is drawn. */
function shares(
  options: ConstructorParameters<typeof Sampler>[0],
  logits: readonly number[],
  draws = 20_000,
): number[] {
  const sampler = new Sampler(options);
  const counts = logits.map(() => 0);
  for (let i = 0; i < draws; i++) {
    const token = sampler.sample(logits, i);
    counts[token] = (counts[token] ?? 0) + 1;
  }
  return counts.map((count) => count / draws);
}

const logits = [0.5, 0.1, 0.3, 0.1].map(Math.log);

describe('sampling', () => {
  test.each([
    ['the probabilities of the softmax', {}, [0.5, 0.1, 0.3, 0.1]],
    ['temperature 0.5 squares them', { temperature: 0.5 }, [25 / 36, 1 / 36, 9 / 36, 1 / 36]],
    ['the two likeliest', { topK: 2 }, [5 / 8, 0, 3 / 8, 0]],
    ['the nucleus of 0.7', { topP: 0.7 }, [5 / 8, 0, 3 / 8, 0]],
    ['a nucleus has at least one token', { topP: 0.01 }, [1, 0, 0, 0]],
    ['temperature 0 takes the likeliest', { temperature: 0 }, [1, 0, 0, 0]],
  ])('%s', (_, options, expected) => {
    const found = shares({ seed: 5, ...options }, logits);
    found.forEach((share, token) => {
      // Five deviations of a share of 20,000 draws are below 0.018.
      expect(Math.abs(share - (expected[token] ?? 0))).toBeLessThan(0.018);
      if (expected[token] === 0) expect(share).toBe(0);
    });
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
