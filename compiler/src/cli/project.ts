import path from 'node:path';
import { loadConfiguration } from './configuration.js';
import { findSpecs, type SpecPath } from './files.js';
import type { Target } from './generate.js';

/** What a command works on: the command line's paths, or else what the project's configuration says. */
export interface Project {
  readonly specs: readonly SpecPath[];
  /** The folders that were searched for specs. */
  readonly folders: readonly string[];
  readonly out: string | undefined;
  readonly target: Target;
  /** The file that says so, if any. */
  readonly configurationFile: string | undefined;
}

/** Finds the project around `cwd`. Paths in a configuration are relative to its file. Throws a failure. */
export async function projectSpecs(paths: readonly string[], cwd: string): Promise<Project> {
  const { file: configurationFile, folder, configuration } = await loadConfiguration(cwd);
  const { specs: configured = [], out, target = 'typescript' } = configuration;
  const chosen = paths.length > 0 ? paths : configured.map((file) => path.resolve(folder, file));
  const specs = findSpecs(chosen, cwd);
  const named = (chosen.length > 0 ? chosen : ['.']).map((file) => path.resolve(cwd, file));
  return {
    specs,
    folders: named.filter((file) => specs.every((spec) => spec.absolute !== file)),
    out: out === undefined ? undefined : path.resolve(folder, out),
    target,
    configurationFile,
  };
}
