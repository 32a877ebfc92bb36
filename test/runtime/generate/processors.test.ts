import { describe, expect, test } from 'vitest';
import { Choices } from '../../../runtime/src/generate/processors/choices.js';
import { processed, processorsFor, truncate } from '../../../runtime/src/generate/processors/processors.js';
import type { LogitsProcessor, ProcessingOptions } from '../../../runtime/src/index.js';
import { random } from '../../support/differential/random.js';

const VOCAB = 17;
const NONE = Number.NEGATIVE_INFINITY;
const STOPS = new Set([2, 5]);

/** Logits, a prompt and new tokens of a sequence that repeats itself. */
function situation(seed: number) {
  const { uniform, below } = random(seed);
  const logits = Array.from({ length: VOCAB }, () => Math.fround(6 * uniform() - 3));
  const tokens = Array.from({ length: 30 }, () => below(5) + 3);
  return { logits, tokens, promptTokens: 10 + below(10) };
}

type Situation = ReturnType<typeof situation>;

function after(options: ProcessingOptions, { logits, tokens, promptTokens }: Situation, choices?: Choices): number[] {
  const own = Float32Array.from(logits);
  return [...processed(own, processorsFor(options, STOPS, choices), { tokens, promptTokens, sequence: 0 })];
}

/** The same by the definitions, in float64, one token after the other. */
const references: readonly [ProcessingOptions, (at: Situation, token: number, logit: number) => number][] = [
  [{ logitBias: { 3: 1.5, 8: NONE } }, (_, token, logit) => logit + (token === 3 ? 1.5 : token === 8 ? NONE : 0)],
  [
    { repetitionPenalty: 1.3 },
    ({ tokens }, token, logit) => (!tokens.includes(token) ? logit : logit > 0 ? logit / 1.3 : logit * 1.3),
  ],
  [
    { frequencyPenalty: 0.4, presencePenalty: 0.7 },
    ({ tokens, promptTokens }, token, logit) => {
      const count = tokens.filter((each, i) => i >= promptTokens && each === token).length;
      return logit - 0.4 * count - (count > 0 ? 0.7 : 0);
    },
  ],
  ...[1, 2, 3, 4].map((size): (typeof references)[number] => [
    { noRepeatNgramSize: size },
    ({ tokens }, token, logit) => {
      const text = `,${tokens.join()},`;
      const ngram = [...tokens.slice(tokens.length - size + 1, tokens.length), token];
      return text.includes(`,${(size === 1 ? [token] : ngram).join()},`) ? NONE : logit;
    },
  ]),
  [
    { badWords: [[6], [3, 4], [7, 5, 3]] },
    ({ tokens }, token, logit) => (/,(6|3,4|7,5,3)$/.test(`,${[...tokens, token].join()}`) ? NONE : logit),
  ],
  [
    { minNewTokens: 15 },
    ({ tokens, promptTokens }, token, logit) => (tokens.length - promptTokens < 15 && STOPS.has(token) ? NONE : logit),
  ],
];

describe('each penalty is its definition', () => {
  test.each(references.map(([options, reference]) => [JSON.stringify(options), options, reference] as const))(
    '%s',
    (_, options, reference) => {
      let changed = 0;
      for (let seed = 0; seed < 40; seed++) {
        const at = situation(seed);
        const found = after(options, at);
        at.logits.forEach((logit, token) => {
          const expected = reference(at, token, logit);
          if (expected !== logit) changed++;
          expect(found[token]).toBeCloseTo(expected, 5);
        });
      }
      expect(changed).toBeGreaterThan(0);
    },
  );
});

describe('functions of the caller', () => {
  const at = situation(1);
  const seen: unknown[] = [];
  const inPlace: LogitsProcessor = (logits, context) => {
    seen.push({ ...context });
    logits[0] = 40;
  };
  const another: LogitsProcessor = (logits) => logits.map((logit) => logit + 1);

  test('change the logits in place, or give others, one after the other, after all penalties', () => {
    const found = after({ logitBias: { 0: NONE, 1: 2 }, logitsProcessors: [inPlace, another] }, at);
    expect(found[0]).toBe(41);
    expect(found[1]).toBeCloseTo(at.logits[1]! + 3, 5);
    expect(seen).toEqual([{ tokens: at.tokens, promptTokens: at.promptTokens, sequence: 0 }]);
  });
});

describe('choices', () => {
  const choices = new Choices([[1, 2, 3], [1, 2], [1, 4], [6]], STOPS);

  test.each([
    [[], [1, 6], false],
    [[1], [2, 4], false],
    [[1, 2], [3, 2, 5], false],
    [[1, 2, 3], [2, 5], true],
    [[6], [2, 5], true],
    [[9], [], false],
  ])('behind %j may follow %j', (tokens, allowed, complete) => {
    expect(choices.allowed(tokens)).toEqual(new Set(allowed));
    expect(choices.isComplete(tokens)).toBe(complete);
  });

  test('all other tokens are forbidden', () => {
    const at = { ...situation(3), tokens: [9, 1], promptTokens: 1 };
    expect(after({}, at, choices).map((logit) => logit > NONE)).toEqual(
      Array.from({ length: VOCAB }, (_, token) => token === 2 || token === 4),
    );
  });

  test.each([
    [[], 'choices is an empty list'],
    [[[1], []], 'choice 1 has no tokens'],
    [[[1, 2], [1]], 'choice 1 is the beginning of another, and nothing tells them apart'],
  ])('%j without stop tokens is refused', (given, message) => {
    expect(() => new Choices(given, new Set())).toThrow(expect.objectContaining({ code: 'TFM5307', message }));
  });
});

describe('truncation', () => {
  /** The tokens that are kept. */
  const kept = (options: ProcessingOptions, probabilities: readonly number[]): number[] => {
    const logits = Float32Array.from(probabilities, Math.log);
    truncate(logits, options);
    return [...logits.keys()].filter((token) => logits[token]! > NONE);
  };

  test.each([
    ['the k-th, and its equals', { topK: 2 }, [0.4, 0.2, 0.2, 0.1, 0.1], [0, 1, 2]],
    ['more than there are', { topK: 9 }, [0.5, 0.5], [0, 1]],
    ['the nucleus ends at the first of equal ones', { topP: 0.55 }, [0.1, 0.2, 0.4, 0.2, 0.1], [1, 2]],
    ['at least one token', { topP: 0.01 }, [0.2, 0.5, 0.3], [1]],
    ['a share of the likeliest', { minP: 0.3 }, [0.5, 0.14, 0.16, 0.2], [0, 2, 3]],
    // Entropy 1.28: 0.25 and 0.3 are nearest to exp(−1.28) = 0.28.
    ['the typical, not the likeliest', { typicalP: 0.5 }, [0.4, 0.25, 0.3, 0.05], [1, 2]],
    [
      'one after the other: of three, the nucleus of what is left',
      { topK: 3, topP: 0.5 },
      [0.4, 0.3, 0.2, 0.1],
      [0, 1],
    ],
    ['temperature first', { temperature: 0.25, minP: 0.3 }, [0.5, 0.3, 0.2], [0]],
  ])('%s', (_, options, probabilities, expected) => {
    expect(kept(options, probabilities)).toEqual(expected);
  });
});
