import { suggestion } from '../source/suggest.js';
import { type ConfigProblem, ConfigReader } from './config.js';
import { families } from './families/index.js';
import { type Family, harmlessFields } from './family.js';
import { generationNotes } from './generation.js';
import { usedSize } from './images.js';
import { readQuantization } from './quantization.js';
import { presetName, writeSpec } from './write.js';

export interface ImportOptions {
  /** What the preset may be called: the name of the folder or file. */
  readonly hint: string;
  /** Those of generation_config.json, where there is one. */
  readonly generation?: Readonly<Record<string, unknown>> | undefined;
  /** Those of preprocessor_config.json, where there is one. */
  readonly preprocessor?: Readonly<Record<string, unknown>> | undefined;
  /** Writes what is known in spite of problems. */
  readonly partial?: boolean;
}

export interface ImportResult {
  /** Absent where there are problems and `partial` is not given, or where the architecture is not known. */
  readonly text?: string;
  readonly problems: readonly ImportProblem[];
  /** Fields that were read, and those that are known and change no number. */
  readonly read: readonly string[];
  readonly ignored: readonly string[];
}

export type ImportProblem =
  | ConfigProblem
  | {
      readonly kind: 'architecture';
      readonly field: string;
      readonly value: unknown;
      readonly near: string | undefined;
    }
  | { readonly kind: 'class'; readonly field: string; readonly value: unknown; readonly known: readonly string[] };

/** Makes a spec of the fields of a config.json. */
export function importConfig(fields: Readonly<Record<string, unknown>>, options: ImportOptions): ImportResult {
  const family = familyOf(fields);
  if (!family) return { problems: [unknownFamily(fields)], read: [], ignored: [] };
  const { name: architecture, problem } = architectureOf(fields, family);
  const config = new ConfigReader(fields);
  const published = family.read(config, architecture);
  const preprocessor = new ConfigReader(options.preprocessor ?? {}, 'preprocessor_config.');
  const parameters = { ...published, ...usedSize(published, preprocessor) };
  const departures = family.departs?.({ parameters, config, architecture }) ?? [];
  // A decoder made of an encoder, or one that reads an encoder, is another model.
  config.only('is_decoder', false);
  config.only('add_cross_attention', false);
  const notes = [...readQuantization(config), ...generationNotes(options.generation ?? {})];
  const read = config.read.filter((field) => !harmlessFields.includes(field) && hasField(fields, field));
  config.harmless(...harmlessFields);
  config.finish();
  const problems = [...(problem ? [problem] : []), ...config.allProblems, ...preprocessor.allProblems];
  const ignored = Object.keys(fields).filter((field) => harmlessFields.includes(field));
  if (problems.length > 0 && !options.partial) return { problems, read, ignored };
  const text = writeSpec({
    family,
    architecture,
    name: presetName(options.hint, family.model),
    parameters,
    outputs: family.outputs?.(config) ?? family.architectures[architecture] ?? [],
    departures,
    notes,
    gaps: problems.map(gapText),
  });
  return { text, problems, read, ignored };
}

/** By `model_type`; early configs have none, and their class says as much. */
function familyOf({ model_type: type, architectures }: Readonly<Record<string, unknown>>): Family | undefined {
  if (type !== undefined) return families.find((family) => family.type === type);
  const [named] = Array.isArray(architectures) ? (architectures as unknown[]) : [];
  return families.find((family) => typeof named === 'string' && Object.hasOwn(family.architectures, named));
}

function hasField(fields: Readonly<Record<string, unknown>>, path: string): boolean {
  let value: unknown = fields;
  for (const name of path.split('.')) value = (value as Record<string, unknown> | undefined)?.[name];
  return value !== undefined;
}

function unknownFamily(fields: Readonly<Record<string, unknown>>): ImportProblem {
  const value = fields.model_type;
  const types = families.map(({ type }) => type);
  if (value === undefined) return { kind: 'missing', field: 'model_type' };
  return { kind: 'architecture', field: 'model_type', value, near: suggestion(String(value), types) };
}

/** The class that the config names, the usual one where it names none. */
function architectureOf(
  fields: Readonly<Record<string, unknown>>,
  { architectures, usual }: Family,
): { readonly name: string; readonly problem?: ImportProblem } {
  const value = fields.architectures;
  const [named] = Array.isArray(value) ? (value as unknown[]) : [];
  if (named === undefined) return { name: usual };
  if (typeof named === 'string' && Object.hasOwn(architectures, named)) return { name: named };
  const known = Object.keys(architectures);
  return { name: usual, problem: { kind: 'class', field: 'architectures', value: named, known } };
}

/** One line that says what is wrong with a field. */
export function problemText(problem: ImportProblem): string {
  const { field } = problem;
  switch (problem.kind) {
    case 'missing':
      return `the field ${field} is missing`;
    case 'unknown':
      return `the field ${field} (${shown(problem.value)}) is not known, and could change the numbers`;
    case 'malformed':
      return `${field} is ${shown(problem.value)}, but must be ${problem.expected}`;
    case 'unsupported':
      return `${field}: ${shown(problem.value)} is not supported, only ${problem.supported}`;
    case 'architecture':
      return `${field}: ${shown(problem.value)} is not known`;
    case 'class':
      return `${field}: ${shown(problem.value)} is not known of this family, only ${problem.known.join(', ')}`;
  }
}

const gapText = problemText;

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}
