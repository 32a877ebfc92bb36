import fs from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { suggestion } from '../source/suggest.js';
import { type ValidationError, validateConfig } from '../validate-config.gen.js';
import { failure } from './failures.js';
import { readIfThere, showPath } from './files.js';

/** `tfm.config.json`, `tfm.config.js`, `tfm.config.mjs`, or the key `tfm` of package.json. */
interface Configuration {
  /** Spec files and folders that commands work on when none are named. */
  readonly specs?: readonly string[];
  /** The folder that generated files go to. Absent: each beside its spec. */
  readonly out?: string;
  readonly target?: 'typescript' | 'graph' | 'onnx';
}

export interface LoadedConfiguration {
  /** Absent where there is none. */
  readonly file?: string;
  /** The folder of the file: its paths are relative to it. */
  readonly folder: string;
  readonly configuration: Configuration;
}

const keys: readonly (keyof Configuration)[] = ['specs', 'out', 'target'];
const names = ['tfm.config.json', 'tfm.config.js', 'tfm.config.mjs'];

/**
 * The nearest configuration in `cwd` or a folder above it; an empty one where there is none. Throws a failure for a file
 * that cannot be read or says what it may not say.
 */
export async function loadConfiguration(cwd: string): Promise<LoadedConfiguration> {
  for (let folder = path.resolve(cwd); ; folder = path.dirname(folder)) {
    for (const name of names) {
      const file = path.join(folder, name);
      if (fs.existsSync(file))
        return { file, folder, configuration: checked(await load(file, cwd), showPath(file, cwd)) };
    }
    const manifest = path.join(folder, 'package.json');
    const content = readIfThere(manifest) === undefined ? undefined : await load(manifest, cwd);
    if (isRecord(content) && content.tfm !== undefined) {
      return { file: manifest, folder, configuration: checked(content.tfm, `tfm in ${showPath(manifest, cwd)}`) };
    }
    if (path.dirname(folder) === folder) return { folder: cwd, configuration: {} };
  }
}

async function load(file: string, cwd: string): Promise<unknown> {
  const shown = showPath(file, cwd);
  try {
    if (file.endsWith('.json')) return JSON.parse(fs.readFileSync(file, 'utf8')) as unknown;
    // A changed configuration is another module: `--watch` reads it again.
    const url = `${pathToFileURL(file).href}?${fs.statSync(file).mtimeMs}`;
    const module = (await import(/* @vite-ignore */ url)) as { default?: unknown };
    return module.default;
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    throw failure('configuration_malformed', { path: shown, problem });
  }
}

function checked(content: unknown, where: string): Configuration {
  if (validateConfig(content)) return content as Configuration;
  const [error] = validateConfig.errors ?? [];
  throw error
    ? configurationFailure(error, where)
    : failure('configuration_invalid', { key: where, problem: 'is not valid' });
}

function configurationFailure({ keyword, instancePath, params, message = '' }: ValidationError, where: string): Error {
  if (keyword === 'additionalProperties') {
    const key = String(params.additionalProperty);
    return failure('configuration_unknown_key', { key, where, suggestion: suggestion(key, keys) });
  }
  const allowed = Array.isArray(params.allowedValues) ? `: ${params.allowedValues.join(', ')}` : '';
  const key = instancePath === '' ? where : `${instancePath.slice(1).replaceAll('/', '.')} in ${where}`;
  return failure('configuration_invalid', { key, problem: `${message}${allowed}` });
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
