import fs from 'node:fs';
import { expect } from 'vitest';
import { type GoldenRun, numbersOf, readJson } from '../support/golden.js';
import { importedModel } from '../support/imported.js';
import { argmax, output, tokensOf } from '../support/specs.js';
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

export const decoders = of('tokens', /ForCausalLM|LMHeadModel/);
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
