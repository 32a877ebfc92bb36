import fs from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import { compile } from '../../compiler/src/compile.js';
import { importConfig } from '../../compiler/src/import/import.js';
import { memoryHost } from '../../compiler/src/source/host.js';
import { useBackend } from '../../runtime/src/index.js';
import { generated } from '../compiler/emit/generated.js';
import { argmax, output, type SpecClass, tokensOf } from '../support/specs.js';
import { folders } from './goldens.js';

const decoders = ['test/fixtures/hf-golden', 'test/fixtures/hf-families']
  .flatMap((fixtures) => folders(fixtures).map((name) => `${fixtures}/${name}`))
  .filter((folder) => /ForCausalLM|LMHeadModel/.test(fs.readFileSync(`${folder}/config.json`, 'utf8')))
  .map((folder) => [folder.split('/').at(-1) ?? '', folder] as const);

/** The class of an imported folder, and the values of its preset. */
async function importedClass(folder: string): Promise<{ Model: SpecClass; config: object }> {
  const fields = JSON.parse(fs.readFileSync(`${folder}/config.json`, 'utf8')) as Record<string, unknown>;
  const { text } = importConfig(fields, { hint: 'imported' });
  const { graph } = compile(memoryHost({ 'm.tfm': text ?? '' }), 'm.tfm');
  const module = await generated<Readonly<Record<string, SpecClass>>>(graph!);
  const Model = module[graph!.models[0]!.name]!;
  return { Model, config: Model.presets.Imported! };
}

describe('greedy generation through the cache is the argmax of repeated full passes', () => {
  beforeAll(async () => void (await useBackend('wasm')));

  test('there are many', () => {
    expect(decoders.length).toBeGreaterThanOrEqual(35);
  });

  test.each(decoders)('%s', async (_, folder) => {
    const { Model, config } = await importedClass(folder);
    // Nothing ends the text early.
    const model = await Model.load(folder, {
      config: { ...config, ...('eos' in config && { eos: -1 }) },
      checkpoint: 'huggingface',
    });
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
