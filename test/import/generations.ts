import fs from 'node:fs';
import { expect } from 'vitest';
import { type GoldenRun, numbersOf, readJson } from '../support/golden.js';
import { importedModel } from '../support/imported.js';
import { argmax, largestDifference, output, taken, tokensOf } from '../support/specs.js';
import { folders } from './goldens.js';

/** A folder whose model generates. */
interface Generating {
  readonly name: string;
  readonly folder: string;
  readonly growing: 'tokens' | 'target';
}

const of = (growing: Generating['growing'], classes: RegExp): Generating[] =>
  ['test/fixtures/hf-golden', 'test/fixtures/hf-families']
    .flatMap((fixtures) => folders(fixtures).map((name) => ({ name, folder: `${fixtures}/${name}`, growing })))
    .filter(({ folder }) => classes.test(fs.readFileSync(`${folder}/config.json`, 'utf8')));

const causal = of('tokens', /ForCausalLM|LMHeadModel/);
/** Those with generations of the original library: their frequencies depend on how long the sequence is. */
export const lengthwise = causal.filter(({ folder }) => readJson<GoldenRun>(`${folder}/io.json`).generations);
/** The keys of these keep the angles that a shorter sequence gave them, which repeated full passes do not. */
const keepsAngles = /_dynamic$/;
export const decoders = causal.filter(({ name }) => !keepsAngles.test(name));
/** From what their encoder read. */
export const translators = of('target', /ForConditionalGeneration|MarianMTModel/);

/** What an encoder reads of a golden run: the first text of a batch, or the first spectrogram, frame by frame. */
function encoded(folder: string): Readonly<Record<string, object>> {
  const { inputs } = readJson<GoldenRun>(`${folder}/io.json`);
  const { input_ids: ids, input_features: sound } = inputs;
  if (ids) return { source: [...numbersOf(ids).slice(0, ids.shape[1])].map(Number) };
  const [, mels = 0, frames = 0] = sound!.shape;
  const values = Float32Array.from({ length: mels * frames }, (_, i) => {
    return Number(numbersOf(sound!)[(i % mels) * frames + Math.floor(i / mels)]);
  });
  return { sound: { values, shape: [1, frames, mels] } };
}

/** Fails unless greedy generation through the cache is the argmax of repeated full passes. */
export async function compareGeneration({ folder, growing }: Generating, prompt: readonly number[]): Promise<void> {
  const model = await importedModel(folder);
  const more = growing === 'tokens' ? {} : encoded(folder);
  const options = { maxNewTokens: 8, temperature: 0 };
  const found = await tokensOf(model.generate({ ...more, [growing]: prompt }, options));
  const expected: number[] = [];
  while (expected.length < 8) {
    const logits = await output(model, { ...more, [growing]: [...prompt, ...expected] });
    const vocab = logits.length / (prompt.length + expected.length);
    expected.push(argmax(logits.slice(-vocab)));
  }
  expect(found).toEqual(expected);
  model.dispose();
}

/** Fails unless steps through the cache give the tokens and scores that the original library gives through its own. */
export async function compareWithLibrary({ folder }: Generating): Promise<void> {
  const model = await importedModel(folder);
  for (const { prompts, tokens, logits } of readJson<GoldenRun>(`${folder}/io.json`).generations!) {
    const [, count = 0, vocab = 0] = logits.shape;
    const expected = numbersOf(logits);
    const found = await model.complete({ tokens: prompts }, { maxNewTokens: count, temperature: 0 });
    expect(found.map(([best]) => best?.tokens)).toEqual(tokens);
    const { logits: first, state } = model.prefill({ tokens: prompts });
    for (let i = 0, scores = first; ; i++) {
      const own = tokens.flatMap((_, b) => expected.slice((b * count + i) * vocab, (b * count + i + 1) * vocab));
      expect(largestDifference(await taken(scores), own), `token ${i} behind ${prompts.length} prompts`).toBeLessThan(
        5e-5,
      );
      if (i + 1 === count) break;
      scores = model.step(
        tokens.map((row) => row[i]!),
        state,
      );
    }
    expect(state.replay.escaped).toBeUndefined();
    expect(state.replay.kernels?.length).toBeGreaterThan(0);
    state.dispose();
  }
  model.dispose();
}
