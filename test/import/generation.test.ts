import fs from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import { useBackend } from '../../runtime/src/index.js';
import { importedModel } from '../support/imported.js';
import { argmax, output, tokensOf } from '../support/specs.js';
import { folders } from './goldens.js';

const decoders = ['test/fixtures/hf-golden', 'test/fixtures/hf-families']
  .flatMap((fixtures) => folders(fixtures).map((name) => `${fixtures}/${name}`))
  .filter((folder) => /ForCausalLM|LMHeadModel/.test(fs.readFileSync(`${folder}/config.json`, 'utf8')))
  .map((folder) => [folder.split('/').at(-1) ?? '', folder] as const);

describe('greedy generation through the cache is the argmax of repeated full passes', () => {
  beforeAll(async () => void (await useBackend('wasm')));

  test('there are many', () => {
    expect(decoders.length).toBeGreaterThanOrEqual(35);
  });

  test.each(decoders)('%s', async (_, folder) => {
    const model = await importedModel(folder);
    const prompt = [5, 9, 3, 11, 7];
    const found = await tokensOf(model.generate({ tokens: prompt }, { maxNewTokens: 8, temperature: 0 }));
    const expected: number[] = [];
    while (expected.length < 8) {
      const logits = await output(model, { tokens: [...prompt, ...expected] });
      const vocab = logits.length / (prompt.length + expected.length);
      expected.push(argmax(logits.slice(-vocab)));
    }
    expect(found).toEqual(expected);
    model.dispose();
  });
});
