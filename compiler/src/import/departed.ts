import { standardLibrary } from '../std.gen.js';
import type { Departure } from './family.js';

/** The text of one model of a library module, without the module's other models and presets, with what must stand otherwise. */
export function departedModel(module: string, model: string, departures: readonly Departure[]): string {
  const declarations = (standardLibrary[module] ?? '').split(/\n\n(?=\S)/).filter((text) => {
    const [kind, name] = (/^(model|preset) (\w+)/m.exec(text) ?? []).slice(1);
    return kind === undefined || (kind === 'model' && name === model);
  });
  const text = departures.reduce(
    (before, [written, instead]) => {
      const found = typeof written === 'string' ? before.includes(written) : written.test(before);
      if (!found) throw new Error(`${module} has no '${written}'`);
      return before.replace(written, instead);
    },
    `${declarations.join('\n\n').trimEnd()}\n`,
  );
  return withoutUnused(text, model);
}

/** Without the imports and parameters that only the replaced parts read, and each import once. */
function withoutUnused(text: string, model: string): string {
  const isRead = (name: string): boolean => (text.match(new RegExp(`\\b${name}\\b`, 'g')) ?? []).length > 1;
  const imported = new Set<string>();
  const imports = text.replace(/^import \{ (.*) \} from (.*)\n/gm, (_, names: string, from: string) => {
    const kept = names.split(', ').filter((name) => {
      const isFirst = !imported.has(name);
      imported.add(name);
      return isFirst && isRead(name.split(' ').at(-1) ?? name);
    });
    return kept.length === 0 ? '' : `import { ${kept.join(', ')} } from ${from}\n`;
  });
  const { declared, start, end } = parametersIn(imports, model);
  const kept = declared.filter((parameter) => isRead(parameter.split(' ')[0] ?? parameter));
  return `${imports.slice(0, start)}\n  ${kept.join(', ')}${imports.slice(end)}`;
}

/** The parameters of a model as they are written, and where they stand. Lists are the only defaults with commas in them. */
export function parametersIn(
  text: string,
  model: string,
): { readonly declared: readonly string[]; readonly start: number; readonly end: number } {
  const head = `model ${model}(`;
  const start = text.indexOf(head) + head.length;
  const end = text.indexOf('\n) {');
  const declared = text.slice(start, end).split(/,(?![^[]*\])/);
  return { declared: declared.map((one) => one.trim()), start, end };
}
