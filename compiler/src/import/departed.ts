import { standardLibrary } from '../std.gen.js';
import type { Departure } from './family.js';

/**
 * The text of one model of a library module, without the module's other models and presets, with what must stand otherwise and
 * these outputs only; all of them where there is none.
 */
export function departedModel(
  module: string,
  model: string,
  departures: readonly Departure[],
  outputs: readonly string[],
): string {
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
  return withoutUnused(narrowed(text, outputs), model);
}

/** How often a name stands in a text, comments and names of arguments aside. */
function mentions(text: string, name: string): number {
  return (text.replace(/\/\/\/.*/g, '').match(new RegExp(`\\b${name}\\b(?!:)`, 'g')) ?? []).length;
}

/** Without the imports and parameters that only the replaced parts read, and each import once. */
function withoutUnused(text: string, model: string): string {
  const isRead = (name: string): boolean => mentions(text, name) > 1;
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

/**
 * A model's text with these outputs only: others are values where something reads them, and what stood for them alone in the map of the
 * checkpoint is gone.
 */
function narrowed(text: string, outputs: readonly string[]): string {
  if (outputs.length === 0) return text;
  const isKept = (name: string): boolean => outputs.includes(name);
  const [body = '', map] = text.split(/^(?= {2}checkpoint )/m);
  const values = body
    .replace(/^ {2}(?:generate \w+ from|train) (\w+).*\n\n?/gm, (whole, name: string) => (isKept(name) ? whole : ''))
    .replace(/^ {2}output (\w+):[^=]*=/gm, (whole, name: string) => (isKept(name) ? whole : `  let ${name} =`));
  const rules = map?.replace(/^ {4}\S.*\n(?: {6}.*\n)*/gm, (rule) => {
    const [, output] = /^ {4}output (\w+) =/.exec(rule) ?? [];
    if (output !== undefined) return isKept(output) ? rule : '';
    const [, scope] = / for ([\w, ]+?)(?= when |\n)/.exec(rule) ?? [];
    const kept = scope?.split(', ').filter(isKept);
    if (scope === undefined || kept === undefined) return rule;
    return kept.length === 0 ? '' : rule.replace(` for ${scope}`, ` for ${kept.join(', ')}`);
  });
  return withoutUnread(values, rules ?? '') + (rules ?? '');
}

/** Without the values that nothing reads, until all are read. */
function withoutUnread(body: string, map: string): string {
  const value = /(?:\n {2}\/\/\/.*)*\n {2}let (\w+|\(.*?\)) =.*(?:\n {4}.*)*(?=\n)/g;
  const kept = body.replace(value, (whole, names: string) =>
    names.match(/\w+/g)?.some((name) => mentions(body + map, name) > 1) ? whole : '',
  );
  return kept === body ? body : withoutUnread(kept.replace(/\n{3,}/g, '\n\n'), map);
}
