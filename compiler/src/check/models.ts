import type { Model, Preset } from '@tfm-lang/grammar';
import { type Diagnostic, report } from '../source/diagnostic.js';
import { suggestion } from '../source/suggest.js';
import type { Loaded } from './load.js';
import type { At } from './values.js';

/** A model that a file compiles to: one of its own, or an imported one that its presets configure. */
export interface ModelToCheck {
  readonly model: Model;
  /** What the file calls it. */
  readonly name: string;
  /** The file that declares it. */
  readonly file: Loaded;
  /** The presets of the compiled file, not those beside an imported model. */
  readonly presets: readonly Preset[];
  /** Of an imported model: the preset that mistakes in another file are told at. */
  readonly user?: At;
  /** Of an imported model whose presets all say what they are for: the outputs that are left. */
  readonly outputs?: readonly string[];
}

/** The file's own models in their order, then imported ones in the order of their first presets. */
export function modelsOf(file: Loaded): ModelToCheck[] {
  const presets = file.tree.declarations.filter((d) => d.kind === 'preset');
  const own = file.tree.declarations.filter((d) => d.kind === 'model');
  const presetsOf = (name: string): Preset[] => presets.filter((p) => p.model.name === name);
  const models: ModelToCheck[] = own.map((model) => {
    const { name } = model.name;
    return { model, name, file, presets: presetsOf(name) };
  });
  for (const name of new Set(presets.map((p) => p.model.name))) {
    const found = own.some((model) => model.name.name === name) ? undefined : file.imports.get(name);
    const model = found?.file.declarations.get(found.name);
    if (!found || model?.kind !== 'model') continue;
    const named = presetsOf(name);
    const [first] = named;
    const user = first && { file, span: first.name.span };
    const outputs = [...new Set(named.flatMap((p) => p.outputs.map((o) => o.name)))];
    const isRestricted = named.every((p) => p.outputs.length > 0);
    models.push({
      ...{ model, name, file: found.file, presets: named },
      ...(user && { user }),
      ...(isRestricted && { outputs }),
    });
  }
  return models;
}

/** Presets of models that the file neither declares nor imports. */
export function presetProblems(file: Loaded): Diagnostic[] {
  const own = file.tree.declarations.flatMap((d) => (d.kind === 'model' ? [d.name.name] : []));
  const imported = [...file.imports].flatMap(([name, { file: from, name: original }]) =>
    from.declarations.get(original)?.kind === 'model' ? [name] : [],
  );
  const names = [...own, ...imported];
  return file.tree.declarations.flatMap((d) => {
    if (d.kind !== 'preset' || names.includes(d.model.name)) return [];
    const { name, span } = d.model;
    // What could not be imported was reported.
    const failed = file.tree.imports.some((i) => i.names.some((n) => (n.alias ?? n.name).name === name));
    if (failed && !file.imports.has(name)) return [];
    const parameters = { name, suggestion: suggestion(name, names) };
    return [report('unknown_preset_model', { file: file.name, span, parameters })];
  });
}
