import { beforeAll, describe, expect, test } from 'vitest';
import { useBackend } from '../../runtime/src/index.js';
import { encoderDifference, translations } from '../support/batches.js';
import { goldenRun } from '../support/golden.js';
import { huggingFaceCase, loadCase } from '../support/hf.js';
import { argmax, output, tokensOf } from '../support/specs.js';

describe.each(['cpu', 'wasm'] as const)('on %s', (backend) => {
  beforeAll(async () => void (await useBackend(backend)));

  test.each([
    ['gpt2', 'tokens'],
    ['llama_gqa', 'tokens'],
    ['marian', 'target'],
  ])('%s: greedy generation through the KV cache takes the best token of each full pass', async (fixture, growing) => {
    const of = huggingFaceCase(fixture);
    const model = await loadCase(of);
    const inputs = Object.entries(of.inputs(goldenRun(fixture)));
    const first = Object.fromEntries(inputs.map(([name, value]) => [name, firstOf(value)]));
    const sequence = (first[growing] as number[]).slice(0, 3);
    const options = { temperature: 0, maxNewTokens: 16, stopTokens: [] };
    const tokens = await tokensOf(model.generate({ ...first, [growing]: sequence }, options));
    expect(tokens).toHaveLength(16);
    for (const token of tokens) {
      const logits = await output(model, { ...first, [growing]: sequence });
      expect(token).toBe(argmax(logits.subarray(-96)));
      sequence.push(token);
    }
    model.dispose();
  });

  test.each([
    ['specs/models/bert.tfm', 'Bert', 'tokens', 'state'],
    ['specs/models/transformer.tfm', 'Transformer', 'source', 'memory'],
    ['specs/models/transformer.tfm', 'Transformer', 'source', 'logits'],
    ['specs/models/seq2seq.tfm', 'Seq2Seq', 'source', 'logits'],
  ])('%s: a row of a padded batch is what it is alone: %s, %s → %s', async (spec, name, input, state) => {
    // Keys in the padding get a probability of exactly 0; what is left is rounding; seen 0.
    expect(await encoderDifference(spec, name, input, state)).toBeLessThan(1e-5);
  });

  test('padded sources are decoded as one batch as they are alone', async () => {
    const { together, alone } = await translations();
    expect(together).toEqual(alone);
  });
});

/** The first sequence of a batch, where it is one. */
function firstOf(value: unknown): unknown {
  if (Array.isArray(value)) return (value as unknown[])[0];
  const { values, present } = value as { values: unknown[]; present: unknown[] };
  return { values: [values[0]], present: [present[0]] };
}
