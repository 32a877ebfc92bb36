import fs from 'node:fs';
import path from 'node:path';
import { families } from '../../import/families/index.js';
import { type ImportProblem, importConfig, problemText } from '../../import/import.js';
import type { Context } from '../context.js';
import { exitCodes, usageFailure } from '../exit.js';
import { failure } from '../failures.js';
import { notFound, writeWhole } from '../files.js';

export interface ImportOptions {
  readonly out?: string;
  readonly list?: boolean;
  readonly partial?: boolean;
  readonly verbose?: boolean;
}

/** `tfm import FOLDER|config.json` */
export function importCommand(given: string | undefined, options: ImportOptions, { io }: Context): number {
  if (options.list) {
    io.stdout.write(`${listed()}\n`);
    return exitCodes.ok;
  }
  if (given === undefined) throw usageFailure('name a folder with a config.json, or the file', 'tfm import --list');
  const { fields, generation, preprocessor, hint } = readConfig(given, io.cwd);
  const { text, problems, read, ignored } = importConfig(fields, {
    hint,
    generation,
    preprocessor,
    partial: options.partial === true,
  });
  if (options.verbose) io.stderr.write(`read: ${read.join(', ')}\nno number depends on: ${ignored.join(', ')}\n`);
  if (text === undefined) throw refusal(given, problems);
  for (const problem of problems) io.stderr.write(`not imported: ${problemText(problem)}\n`);
  if (options.out === undefined) io.stdout.write(text);
  else writeWhole(path.resolve(io.cwd, options.out), text);
  return exitCodes.ok;
}

type Fields = Readonly<Record<string, unknown>>;

interface Configs {
  readonly fields: Fields;
  readonly generation: Fields | undefined;
  readonly preprocessor: Fields | undefined;
  /** What the preset may be called. */
  readonly hint: string;
}

/** The fields of config.json, and those of generation_config.json and preprocessor_config.json beside it. */
function readConfig(given: string, cwd: string): Configs {
  const absolute = path.resolve(cwd, given);
  const stats = fs.statSync(absolute, { throwIfNoEntry: false });
  const file = stats?.isDirectory() ? path.join(absolute, 'config.json') : absolute;
  if (!fs.existsSync(file)) throw notFound(stats ? path.join(given, 'config.json') : given, file);
  const hint = path.basename(file) === 'config.json' ? path.basename(path.dirname(file)) : path.basename(file, '.json');
  const beside = (name: string): Fields | undefined => {
    const other = path.join(path.dirname(file), name);
    if (path.basename(file) !== 'config.json' || !fs.existsSync(other)) return undefined;
    return readFields(stats?.isDirectory() ? path.join(given, name) : other, other);
  };
  return {
    fields: readFields(given, file),
    generation: beside('generation_config.json'),
    preprocessor: beside('preprocessor_config.json'),
    hint,
  };
}

function readFields(given: string, file: string): Fields {
  let content: unknown;
  try {
    content = JSON.parse(fs.readFileSync(file, 'utf8'));
  } catch (error) {
    throw failure('configuration_malformed', { path: given, problem: (error as Error).message });
  }
  if (typeof content === 'object' && content !== null && !Array.isArray(content)) return content as Fields;
  throw failure('configuration_malformed', { path: given, problem: 'it holds no object' });
}

function refusal(given: string, problems: readonly ImportProblem[]): Error {
  const [first] = problems;
  if (first?.kind === 'architecture') {
    return failure('import_unknown', { path: given, value: String(first.value), suggestion: first.near });
  }
  return failure('import_refused', { path: given, problems: problems.map(problemText).join('; ') });
}

/** Every `model_type` with its classes and the spec that it becomes. */
function listed(): string {
  const width = Math.max(...families.map(({ type }) => type.length));
  return families
    .map(({ type, module, architectures }) => {
      return `${type.padEnd(width)}  ${module}  ${Object.keys(architectures).join(', ')}`;
    })
    .join('\n');
}
