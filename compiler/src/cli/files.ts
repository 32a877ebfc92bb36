import fs from 'node:fs';
import path from 'node:path';
import { suggestion } from '../source/suggest.js';
import { failure } from './failures.js';

/** A spec that a command works on. */
export interface SpecPath {
  /** For messages and for the compiler: relative to the working folder, with forward slashes. */
  readonly shown: string;
  readonly absolute: string;
  /** The folder argument that it was found in; its own folder where it was named itself. */
  readonly root: string;
}

/**
 * The specs that the arguments name, folders searched to the bottom, in the order of their paths, each once. Folders named
 * `node_modules` and those that begin with a dot are passed over. Throws a failure where nothing is found.
 */
export function findSpecs(paths: readonly string[], cwd: string): SpecPath[] {
  const found = new Map<string, SpecPath>();
  for (const given of paths.length > 0 ? paths : ['.']) {
    const absolute = path.resolve(cwd, given);
    const stats = fs.statSync(absolute, { throwIfNoEntry: false });
    if (!stats) throw notFound(given, absolute);
    const root = stats.isDirectory() ? absolute : path.dirname(absolute);
    const files = stats.isDirectory() ? listFiles(absolute, '.tfm') : [absolute];
    if (files.length === 0) throw failure('no_files', { where: given === '.' ? 'this folder' : given });
    for (const file of files)
      if (!found.has(file)) found.set(file, { absolute: file, shown: showPath(file, cwd), root });
  }
  return [...found.values()].sort((a, b) => (a.absolute < b.absolute ? -1 : 1));
}

/** Files below a folder whose names end so, sorted by name. */
export function listFiles(folder: string, ending: string): string[] {
  const entries = fs.readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  return entries.flatMap((entry) => {
    const file = path.join(folder, entry.name);
    if (entry.isDirectory())
      return entry.name === 'node_modules' || entry.name.startsWith('.') ? [] : listFiles(file, ending);
    return entry.isFile() && entry.name.endsWith(ending) ? [file] : [];
  });
}

/** A path for messages: relative to the working folder, with forward slashes. */
export function showPath(file: string, cwd: string): string {
  return (path.relative(cwd, file) || '.').replaceAll(path.sep, '/');
}

/** Writes a file when its content changes, see {@link writeWhole}. Gives whether it wrote. */
export function writeIfChanged(file: string, text: string): boolean {
  if (readIfThere(file) === text) return false;
  writeWhole(file, text);
  return true;
}

/** Writes a file whole or not at all: a temporary file beside it takes its place. */
export function writeWhole(file: string, content: string | Uint8Array): void {
  const fresh = `${file}.${process.pid}.tmp`;
  try {
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(fresh, content);
    fs.renameSync(fresh, file);
  } catch (error) {
    fs.rmSync(fresh, { force: true });
    throw failure('file_not_written', { path: file, problem: (error as Error).message });
  }
}

/** The text of a file, undefined where there is none. */
export function readIfThere(file: string): string | undefined {
  try {
    return fs.readFileSync(file, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw failure('file_not_found', { path: file, suggestion: undefined });
  }
}

/** There is no such file; perhaps its neighbour is meant. */
export function notFound(given: string, absolute: string): Error {
  const folder = path.dirname(absolute);
  const neighbours = fs.statSync(folder, { throwIfNoEntry: false })?.isDirectory() ? fs.readdirSync(folder).sort() : [];
  const near = suggestion(path.basename(absolute), neighbours);
  const named = near === undefined ? undefined : path.join(path.dirname(given), near).replaceAll(path.sep, '/');
  return failure('file_not_found', { path: given, suggestion: named });
}
