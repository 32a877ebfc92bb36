import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { byUnits, type Host, normalizePath } from './host.js';

/** Files of the disk; relative paths are below `folder`. */
export function nodeHost(folder: string = process.cwd()): Required<Host> {
  return {
    read: (path) => readText(resolve(folder, path)),
    write: (path, text) => {
      const target = resolve(folder, path);
      mkdirSync(dirname(target), { recursive: true });
      writeFileSync(target, text);
    },
    list: (path) => {
      if (!statSync(resolve(folder, path), { throwIfNoEntry: false })?.isDirectory()) return undefined;
      return [...filesBelow(folder, path)].map(normalizePath).sort(byUnits);
    },
  };
}

/** A byte order mark is not a part of the text. */
function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').replace(/^\uFEFF/, '');
  } catch {
    return undefined;
  }
}

/** Without hidden folders and `node_modules`. */
function* filesBelow(root: string, folder: string): Generator<string> {
  for (const entry of readdirSync(resolve(root, folder), { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      if (entry.name !== 'node_modules' && !entry.name.startsWith('.')) yield* filesBelow(root, path);
    } else if (entry.isFile()) yield path;
  }
}
