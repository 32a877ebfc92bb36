import { beforeAll, describe, expect, test } from 'vitest';
import { processed, processorsFor, truncate } from '../../../runtime/src/generate/processors/processors.js';
import type { BatchOptions } from '../../../runtime/src/index.js';
import { useBackend } from '../../../runtime/src/index.js';
import { readJson } from '../../support/golden.js';
import { importedModel } from '../../support/imported.js';
import type { SpecModel } from '../../support/specs.js';

interface Run {
  readonly folder: string;
  readonly eos: number;
  readonly start: number | null;
  readonly options: Readonly<Record<string, unknown>>;
  readonly tokens: readonly (readonly number[])[];
  readonly scores: readonly number[] | null;
}

/** Made by the program beside it. */
const golden = readJson<{
  readonly prompts: readonly (readonly number[])[];
  readonly processors: {
    readonly logits: readonly number[];
    readonly tokens: readonly number[];
    readonly found: Readonly<Record<string, readonly (number | null)[]>>;
  };
  readonly runs: readonly Run[];
}>('test/fixtures/hf-generation/generate.json');

const names: Readonly<Record<string, keyof BatchOptions>> = {
  num_beams: 'beams',
  num_return_sequences: 'samples',
  length_penalty: 'lengthPenalty',
  early_stopping: 'earlyStopping',
  repetition_penalty: 'repetitionPenalty',
  no_repeat_ngram_size: 'noRepeatNgramSize',
  min_new_tokens: 'minNewTokens',
  bad_words_ids: 'badWords',
};

const optionsOf = ({ options, eos }: Run): BatchOptions => ({
  ...Object.fromEntries(Object.entries(options).map(([name, value]) => [names[name], value])),
  temperature: 0,
  maxNewTokens: 10,
  stopTokens: [eos],
});

describe('each processor leaves what the class of transformers leaves', () => {
  const { logits, tokens, found } = golden.processors;
  test.each([
    ['temperature', { temperature: 0.7 }],
    ['topK', { topK: 5 }],
    ['topP', { topP: 0.8 }],
    ['minP', { minP: 0.08 }],
    ['typicalP', { typicalP: 0.6 }],
    ['repetitionPenalty', { repetitionPenalty: 1.4 }],
    ['noRepeatNgramSize', { noRepeatNgramSize: 3 }],
    ['badWords', { badWords: [[4], [3, 8, 6], [8, 8, 2]] }],
  ])('%s', (name, options) => {
    const context = { tokens, promptTokens: tokens.length, sequence: 0 };
    const own = processed(Float32Array.from(logits), processorsFor(options, new Set(), undefined), context);
    truncate(own, options);
    const expected = found[name]!.map((logit) => logit ?? Number.NEGATIVE_INFINITY);
    expect(expected).not.toEqual(logits);
    expected.forEach((logit, token) => void expect(own[token]).toBeCloseTo(logit, 5));
  });
});

describe.each(['gpt2', 't5_relbias', 'bart'])('%s generates what transformers generates', (folder) => {
  let model: SpecModel;
  const runs = golden.runs.filter((run) => run.folder === folder);

  beforeAll(async () => {
    await useBackend('wasm');
    model = await importedModel(`test/fixtures/hf-golden/${folder}`);
    return () => model.dispose();
  });

  test.each(runs.map((run) => [JSON.stringify(run.options), run] as const))('%s', async (_, run) => {
    const { prompts } = golden;
    const inputs =
      run.start === null ? { tokens: prompts } : { source: prompts, target: prompts.map(() => [run.start]) };
    const found = (await model.complete(inputs, optionsOf(run))).flat();
    expect(found.map(({ tokens }) => tokens)).toEqual(run.tokens);
    run.scores?.forEach((score, i) => void expect(found[i]?.score).toBeCloseTo(score, 3));
  });
});
