import fs from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import { useBackend } from '../../runtime/src/index.js';
import { type GoldenRun, numbersOf, readJson } from '../support/golden.js';
import { importedModel } from '../support/imported.js';
import { argmax, output, tokensOf } from '../support/specs.js';
import { folders } from './goldens.js';

const classes = (pattern: RegExp): (readonly [name: string, folder: string])[] =>
  ['test/fixtures/hf-golden', 'test/fixtures/hf-families']
    .flatMap((fixtures) => folders(fixtures).map((name) => `${fixtures}/${name}`))
    .filter((folder) => pattern.test(fs.readFileSync(`${folder}/config.json`, 'utf8')))
    .map((folder) => [folder.split('/').at(-1) ?? '', folder] as const);

const decoders = classes(/ForCausalLM|LMHeadModel/);
const translators = classes(/ForConditionalGeneration|MarianMTModel/);

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

async function compareGeneration(folder: string, growing: 'tokens' | 'target', more: object): Promise<void> {
  const model = await importedModel(folder);
  const prompt = [5, 9, 3, 11, 7];
  const found = await tokensOf(model.generate({ ...more, [growing]: prompt }, { maxNewTokens: 8, temperature: 0 }));
  const expected: number[] = [];
  while (expected.length < 8) {
    const logits = await output(model, { ...more, [growing]: [...prompt, ...expected] });
    const vocab = logits.length / (prompt.length + expected.length);
    expected.push(argmax(logits.slice(-vocab)));
  }
  expect(found).toEqual(expected);
  model.dispose();
}

describe('greedy generation through the cache is the argmax of repeated full passes', () => {
  beforeAll(async () => void (await useBackend('wasm')));

  test('there are many', () => {
    expect(decoders.length).toBeGreaterThanOrEqual(35);
    expect(translators.length).toBeGreaterThanOrEqual(6);
  });

  test.each(decoders)('%s', (_, folder) => compareGeneration(folder, 'tokens', {}));

  test.each(translators)('%s, from what its encoder read', (_, folder) =>
    compareGeneration(folder, 'target', encoded(folder)),
  );
});
