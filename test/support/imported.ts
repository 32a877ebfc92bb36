import fs from 'node:fs';
import { compile } from '../../compiler/src/compile.js';
import { importConfig } from '../../compiler/src/import/import.js';
import { memoryHost } from '../../compiler/src/source/host.js';
import { generated } from '../compiler/emit/generated.js';
import type { SpecClass, SpecModel } from './specs.js';

/** The class of an imported folder, and the values of its preset, none where the model is written out. */
export async function importedClass(folder: string): Promise<{ Model: SpecClass; config: object; ends: boolean }> {
  const fieldsOf = (name: string): Record<string, unknown> | undefined => {
    const file = `${folder}/${name}`;
    return fs.existsSync(file) ? (JSON.parse(fs.readFileSync(file, 'utf8')) as Record<string, unknown>) : undefined;
  };
  const preprocessor = fieldsOf('preprocessor_config.json');
  const { text } = importConfig(fieldsOf('config.json') ?? {}, { hint: 'imported', preprocessor });
  const { graph } = compile(memoryHost({ 'm.tfm': text ?? '' }), 'm.tfm');
  const module = await generated<Readonly<Record<string, SpecClass>>>(graph!);
  const Model = module[graph!.models[0]!.name]!;
  return { Model, config: Model.presets.Imported ?? {}, ends: /\beos\b/.test(text ?? '') };
}

/** The model of an imported folder with its weights; nothing ends a text early. */
export async function importedModel(folder: string): Promise<SpecModel> {
  const { Model, config, ends } = await importedClass(folder);
  return Model.load(folder, {
    config: { ...config, ...(ends && { eos: -1 }) },
    checkpoint: 'huggingface',
  });
}
