import { format } from '@tfm-lang/grammar';
import { evaluate } from '../algebra/evaluate.js';
import type { Value } from '../algebra/operators.js';
import { compile } from '../compile.js';
import type { Expression, ParameterDeclaration } from '../graph/graph.js';
import { memoryHost } from '../source/host.js';
import { departedModel, parametersIn } from './departed.js';
import type { Departure, Family, Parameters, ParameterValue } from './family.js';

/** What an imported spec says. */
export interface ImportedSpec {
  readonly family: Family;
  /** The class of the original library. */
  readonly architecture: string;
  /** Of the preset. */
  readonly name: string;
  readonly parameters: Parameters;
  readonly outputs: readonly string[];
  /** What must stand otherwise in the model's text. */
  readonly departures: readonly Departure[];
  /** What a reader of the spec must know, one line each. */
  readonly notes: readonly string[];
  /** What `--partial` left out, one line each. */
  readonly gaps: readonly string[];
}

/**
 * The text of a spec in its canonical form: an import, and a preset with what differs from the model's defaults; the model
 * itself, with other defaults, where the config departs from it.
 */
export function writeSpec(spec: ImportedSpec): string {
  const { family, architecture, name, outputs, gaps } = spec;
  const notes = [
    `/// ${architecture}, imported from its config.json.`,
    ...spec.notes.map((note) => `/// ${note}`),
    ...gaps.map((gap) => `/// NOT IMPORTED: ${gap}`),
  ];
  if (spec.departures.length > 0) return format(departed(spec, spec.departures, notes.join('\n'))).text;
  const values = differing(spec).map(([parameter, value]) => `${parameter}: ${literal(value)}`);
  const of = outputs.length > 0 ? ` for ${outputs.join(', ')}` : '';
  const text = `import { ${family.model} } from "${family.module}"

${notes.join('\n')}
preset ${name} = ${family.model}(${values.join(', ')})${of}
`;
  return format(text).text;
}

/** The text of the library's model with what must stand otherwise, and the config's values as defaults. */
function departed(
  { family, name, parameters, outputs }: ImportedSpec,
  departures: readonly Departure[],
  notes: string,
): string {
  const { module, model } = family;
  const text = departedModel(module, model, departures, outputs);
  const { declared, start, end } = parametersIn(text, model);
  const written = declared.map((one) => {
    const [parameter = ''] = one.split(' ');
    const value = parameters[parameter];
    return value === undefined ? one : `${parameter} = ${literal(value)}`;
  });
  const head = text.slice(0, start - `model ${model}(`.length);
  return `${head}${notes}\nmodel ${name}(\n  ${written.join(', ')}${text.slice(end)}`;
}

/** The parameters whose values are not what the spec itself would take. */
function differing({ family, parameters }: ImportedSpec): (readonly [string, ParameterValue])[] {
  const known = new Map<string, Value>();
  const found: (readonly [string, ParameterValue])[] = [];
  const declared = parametersOf(family);
  for (const { name, default: initial } of declared) {
    const usual = initial === undefined ? undefined : evaluate(initial as Expression, { parameters: known });
    const value = parameters[name];
    const isWritten = !same(value ?? null, usual) || family.always?.includes(name) === true;
    if (value !== undefined && isWritten) found.push([name, value]);
    const taken = value ?? usual;
    if (taken !== undefined) known.set(name, value === null ? null : taken);
  }
  const unknown = Object.keys(parameters).filter((name) => !declared.some((parameter) => parameter.name === name));
  if (unknown.length > 0) throw new Error(`${family.module} has no parameter ${unknown.join(', ')}`);
  return found;
}

/** The parameters of a library model, as the compiler knows them. */
function parametersOf({ module, model }: Family): readonly ParameterDeclaration[] {
  const text = `import { ${model} } from "${module}"\npreset Defaults = ${model}()\n`;
  const { graph, diagnostics } = compile(memoryHost({ 'defaults.tfm': text }), 'defaults.tfm');
  const [found] = graph?.models ?? [];
  if (!found) throw new Error(`${module}: ${diagnostics.map(({ message }) => message).join('; ')}`);
  return found.parameters;
}

function same(value: ParameterValue, usual: Value | undefined): boolean {
  return JSON.stringify(value) === JSON.stringify(usual);
}

function literal(value: ParameterValue): string {
  if (value === null) return 'none';
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'object') return `[${value.map(literal).join(', ')}]`;
  if (typeof value === 'number' && value !== 0 && Math.abs(value) < 1e-3) return value.toExponential();
  return String(value).replace('e+', 'e');
}

/** A name for the preset: what the folder or file is called, in PascalCase, and never that of its model. */
export function presetName(hint: string, model: string): string {
  const words = hint.split(/[^A-Za-z0-9]+/).filter((word) => word !== '');
  const joined = words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('');
  const name = /^[A-Za-z]/.test(joined) ? joined : `Model${joined}`;
  return name === model ? `${name}Imported` : name;
}
