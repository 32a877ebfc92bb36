import * as tf from '@tensorflow/tfjs';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type BatchOptions, useBackend } from '../../../runtime/src/index.js';
import { output, perturbed, type SpecModel, tokensOf } from '../../support/specs.js';

const VOCAB = 4;
const STOP = 2;
const LENGTH = 4;

interface Case {
  readonly title: string;
  readonly spec: string;
  readonly name: string;
  readonly config: object;
  readonly inputs: (prompts: readonly (readonly number[])[]) => Readonly<Record<string, unknown>>;
}

const sources = [
  [1, 0, 2],
  [2, 3, 3],
];
const cases: readonly Case[] = [
  {
    title: 'a decoder',
    spec: 'gpt2',
    name: 'Gpt2',
    config: { vocab: VOCAB, context: 12, width: 8, depth: 2, heads: 2 },
    inputs: (tokens) => ({ tokens }),
  },
  {
    title: 'an encoder and decoder',
    spec: 'transformer',
    name: 'Transformer',
    config: { vocab: VOCAB, context: 12, width: 8, depth: 1, heads: 2, hidden: 12 },
    inputs: (target) => ({ source: sources.slice(0, target.length), target }),
  },
  {
    title: 'a recurrent encoder and decoder',
    spec: 'seq2seq',
    name: 'Seq2Seq',
    config: { vocab: 9, target_vocab: VOCAB, context: 12, embed: 6, width: 5, align: 7, pool: 4 },
    inputs: (target) => ({ source: sources.slice(0, target.length), target }),
  },
];

interface Sequence {
  readonly tokens: readonly number[];
  readonly logProbability: number;
  /** With the stop token. */
  readonly length: number;
}

/** Every sequence that ends with the stop token or at the length, by full passes. */
async function exhaustive(
  model: SpecModel,
  of: Case,
  prompts: readonly (readonly number[])[],
  b: number,
): Promise<Sequence[]> {
  const all: Sequence[] = [];
  const visit = async (tokens: readonly number[], sum: number): Promise<void> => {
    const others = prompts.map((prompt) => [...prompt, ...tokens]);
    const logits = await output(model, of.inputs(others));
    const rows = others[0]!.length;
    const own = logits.subarray((b + 1) * rows * VOCAB - VOCAB, (b + 1) * rows * VOCAB);
    const total = Math.log(own.reduce((rest, logit) => rest + Math.exp(logit), 0));
    for (let token = 0; token < VOCAB; token++) {
      const next = sum + own[token]! - total;
      const whole = token === STOP ? tokens : [...tokens, token];
      if (token === STOP || whole.length === LENGTH) {
        all.push({ tokens: whole, logProbability: next, length: tokens.length + 1 });
      } else await visit(whole, next);
    }
  };
  await visit([], 0);
  return all;
}

let before: number;
beforeAll(async () => void (await useBackend('wasm')));
beforeEach(() => {
  before = tf.memory().numTensors;
});
afterEach(() => {
  expect(tf.memory().numTensors).toBe(before);
});

describe.each(cases)('$title', (of) => {
  test('as many beams as sequences find what an exhaustive search finds, in its order', async () => {
    const model = await perturbed(`specs/models/${of.spec}.tfm`, of.name, of.config, 3);
    const prompts = [
      [1, 3, 0, 1],
      [3, 3, 0, 0],
    ];
    const all = [await exhaustive(model, of, prompts, 0), await exhaustive(model, of, prompts, 1)];
    for (const lengthPenalty of [0, 1, 2]) {
      const options: BatchOptions = {
        ...{ beams: VOCAB ** LENGTH, samples: 12, lengthPenalty, earlyStopping: 'never' },
        ...{ maxNewTokens: LENGTH, stopTokens: [STOP] },
      };
      const found = await model.complete(of.inputs(prompts), options);
      for (const b of [0, 1]) {
        const expected = all[b]!.map(({ tokens, logProbability, length }) => {
          return { tokens, score: logProbability / length ** lengthPenalty };
        })
          .sort((a, c) => c.score - a.score)
          .slice(0, 12);
        expect(found[b]!.map(({ tokens }) => tokens)).toEqual(expected.map(({ tokens }) => tokens));
        found[b]!.forEach(({ score }, i) => void expect(score).toBeCloseTo(expected[i]!.score, 4));
      }
    }
    model.dispose();
  });

  test('few beams: each prompt gets what it gets alone, and no step leaves anything behind', async () => {
    const model = await perturbed(`specs/models/${of.spec}.tfm`, of.name, of.config, 5);
    const inside = tf.memory().numTensors;
    const options = { beams: 3, samples: 3, maxNewTokens: 7, stopTokens: [STOP] };
    const prompts = [
      [1, 3, 0],
      [3, 2, 1],
    ];
    const together = await model.complete(of.inputs(prompts), options);
    expect(together.map((each) => each.length)).toEqual([3, 3]);
    const [first] = await model.complete(of.inputs(prompts.slice(0, 1)), options);
    expect(together[0]!.map(({ tokens }) => tokens)).toEqual(first!.map(({ tokens }) => tokens));
    const tokens = await tokensOf(
      model.generate(of.inputs(prompts.slice(0, 1)), { beams: 3, maxNewTokens: 7, stopTokens: [STOP] }),
    );
    expect(tokens).toEqual(first![0]!.tokens);
    expect(tf.memory().numTensors).toBe(inside);
    model.dispose();
  });
});

describe('beams', () => {
  const [decoder] = cases as readonly [Case];
  const modelOf = () => perturbed('specs/models/gpt2.tfm', 'Gpt2', { ...decoder.config, context: 64 }, 5);

  test('memory is the same at every step', async () => {
    const model = await modelOf();
    const seen = new Set<string>();
    const options: BatchOptions = {
      ...{ beams: 4, maxNewTokens: 40, stopTokens: [] },
      // After the first step, which makes room for the beams.
      logitsProcessors: [
        (_, { tokens, promptTokens }) => {
          if (tokens.length > promptTokens) seen.add(`${tf.memory().numTensors} ${tf.memory().numBytes}`);
        },
      ],
    };
    const [beams] = await model.complete({ tokens: [[1, 3]] }, options);
    expect(beams![0]!.tokens).toHaveLength(40);
    expect(seen.size).toBe(1);
    model.dispose();
  });

  test('the best of several is never less likely than the greedy one', async () => {
    const config = { ...decoder.config, vocab: 30, context: 64 };
    const model = await perturbed('specs/models/gpt2.tfm', 'Gpt2', config, 5);
    const common = { maxNewTokens: 8, stopTokens: [] };
    const inputs = { tokens: [[1], [2, 3], [0], [17], [25, 9]] };
    const greedy = await model.complete(inputs, { ...common, temperature: 0 });
    const found = await model.complete(inputs, { ...common, beams: 4 });
    greedy.forEach(([one], b) => {
      expect(found[b]![0]!.logProbability).toBeGreaterThanOrEqual(one!.logProbability - 1e-4);
    });
    expect(found.some(([one], b) => one!.logProbability > greedy[b]![0]!.logProbability + 1e-3)).toBe(true);
    model.dispose();
  });

  test('an error in a processor and an abort give all memory back', async () => {
    const model = await modelOf();
    const inside = tf.memory().numTensors;
    const fail = () => {
      throw new Error('mine');
    };
    const failing = model.complete({ tokens: [[1]] }, { beams: 2, maxNewTokens: 3, logitsProcessors: [fail] });
    await expect(failing).rejects.toThrow('mine');
    const controller = new AbortController();
    const onProgress = () => controller.abort();
    const aborted = model.complete(
      { tokens: [[1]] },
      { beams: 2, maxNewTokens: 9, signal: controller.signal, onProgress },
    );
    await expect(aborted).rejects.toMatchObject({ name: 'AbortError' });
    expect(tf.memory().numTensors).toBe(inside);
    model.dispose();
  });

  test.each([
    [{ beams: 0 }, 'beams is 0'],
    [{ beams: 2, topK: 3 }, 'a beam search draws nothing, so it takes no topK'],
    [{ beams: 2, temperature: 0.7 }, 'a beam search draws nothing, so it takes no temperature'],
    [{ beams: 2, seed: 3 }, 'a beam search draws nothing, so it takes no seed'],
    [{ beams: 2, samples: 3 }, 'samples is 3'],
    [{ lengthPenalty: 2 }, 'lengthPenalty is of a beam search'],
    [{ beams: 2, earlyStopping: 'often' as 'never' }, 'earlyStopping is often'],
  ])('%j is refused', async (options, message) => {
    const model = await modelOf();
    await expect(model.complete({ tokens: [[1]] }, options)).rejects.toMatchObject({ code: 'TFM5307', message });
    model.dispose();
  });
});
