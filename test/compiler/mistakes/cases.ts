import { readdirSync, readFileSync } from 'node:fs';
import { compile } from '../../../compiler/src/compile.js';
import { type Diagnostic, type Host, renderDiagnostics } from '../../../compiler/src/source/index.js';
import { standardLibrary } from '../../../compiler/src/std.gen.js';

const folder = new URL('./', import.meta.url);

/** Every bad spec of this folder, by name; `files/` holds what they import. */
export const mistakeCases: readonly string[] = readdirSync(folder)
  .filter((name) => name.endsWith('.tfm'))
  .map((name) => name.slice(0, -'.tfm'.length))
  .sort();

/** The folder as the compiler sees it, with one file changed. */
export function hostWith(changed: Readonly<Record<string, string>> = {}): Host {
  const here = (path: string): URL => new URL(path, folder);
  return {
    read: (path) => {
      if (changed[path] !== undefined) return changed[path];
      try {
        return readFileSync(here(path), 'utf8');
      } catch {
        return undefined;
      }
    },
    list: (path) => readdirSync(here(`${path}/`)).map((name) => `${path}/${name}`),
  };
}

export function textOf(name: string): string {
  return readFileSync(new URL(`${name}.tfm`, folder), 'utf8');
}

export function diagnose(name: string, text = textOf(name)): readonly Diagnostic[] {
  return compile(hostWith({ [`${name}.tfm`]: text }), `${name}.tfm`).diagnostics;
}

/** As the command line prints them. */
export function rendered(name: string): string {
  const host = hostWith();
  return renderDiagnostics(diagnose(name), { read: (file) => standardLibrary[file] ?? host.read(file) });
}

export function goldenOf(name: string): URL {
  return new URL(`${name}.txt`, folder);
}
