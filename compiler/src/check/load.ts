import { type Declaration, type File, type Import, type Model, type ParseResult, parse } from '@tfm-lang/grammar';
import { type Diagnostic, report } from '../source/diagnostic.js';
import { type Host, normalizePath } from '../source/host.js';
import { suggestion } from '../source/suggest.js';
import { standardLibrary } from '../std.gen.js';
import { Environment } from './environment.js';
import type { SpecFile } from './files.js';
import { resolveNames } from './resolve/resolve.js';
import { Scope } from './resolve/scope.js';

/** A file with what it exports and where its own mistakes are. */
export interface Loaded extends SpecFile {
  readonly declarations: ReadonlyMap<string, Declaration>;
  /** Imported names: the file and the name there. */
  readonly imports: ReadonlyMap<string, { readonly file: Loaded; readonly name: string; readonly from: Import }>;
}

/** The library module whose names every file sees without importing them: `attention`. */
export const prelude = 'std/prelude';

/** Reads specs through the host, each once, and follows their imports. */
export class Loader {
  readonly diagnostics: Diagnostic[] = [];
  readonly files: string[] = [];
  readonly #host: Host;
  readonly #loaded = new Map<string, Loaded>();
  readonly #open: string[] = [];

  constructor(host: Host) {
    this.#host = host;
  }

  loaded(name: string): Loaded | undefined {
    return this.#loaded.get(name);
  }

  /** The file, or `undefined` where there is none. */
  load(name: string): Loaded | undefined {
    const known = this.#loaded.get(name);
    if (known) return known;
    const library = Object.hasOwn(standardLibrary, name);
    const text = library ? standardLibrary[name] : this.#host.read(name);
    if (text === undefined) return undefined;
    if (!library) this.files.push(name);
    this.#open.push(name);
    const { file: tree, mistakes } = library ? parsedLibrary(name, text) : parse(text);
    for (const { kind, span, message, help } of mistakes) {
      this.diagnostics.push(
        report(kind, { file: name, span, parameters: { problem: message }, ...(help !== undefined && { help }) }),
      );
    }
    const always = name === prelude ? undefined : this.load(prelude);
    const declarations = this.#declarations(tree, name);
    const imports = this.#imports(tree, name, library);
    const { unresolved, unusedLets, diagnostics } = resolveNames(tree, name, namesIn(always), modelsOf(imports));
    // Words that the parser could not place are not there to mention names.
    const told = diagnostics.filter((d) => mistakes.length === 0 || d.severity === 'error');
    if (!library) this.diagnostics.push(...told);
    const environment = new Environment(always?.environment);
    const loaded: Loaded = { name, text, tree, library, environment, unresolved, unusedLets, declarations, imports };
    this.#open.pop();
    this.#loaded.set(name, loaded);
    return loaded;
  }

  #declarations(tree: File, file: string): Map<string, Declaration> {
    const found = new Map<string, Declaration>();
    for (const declaration of tree.declarations) {
      const { name, span } = declaration.name;
      const earlier = found.get(name);
      if (name === '') continue;
      if (!earlier) {
        found.set(name, declaration);
        continue;
      }
      const labels = [{ file, span: earlier.name.span, text: 'first defined here' }];
      this.diagnostics.push(report('duplicate_name', { file, span, labels, parameters: { name } }));
    }
    return found;
  }

  #imports(tree: File, file: string, library: boolean): Map<string, { file: Loaded; name: string; from: Import }> {
    const found = new Map<string, { file: Loaded; name: string; from: Import }>();
    for (const statement of tree.imports) {
      const from = this.#resolve(statement, file, library);
      if (!from) continue;
      for (const { name, alias } of statement.names) {
        if (from.declarations.has(name.name)) {
          if (!found.has((alias ?? name).name))
            found.set((alias ?? name).name, { file: from, name: name.name, from: statement });
          continue;
        }
        const near = suggestion(name.name, from.declarations.keys());
        const parameters = { path: statement.from.value, name: name.name, suggestion: near };
        this.diagnostics.push(report('import_not_exported', { file, span: name.span, parameters }));
      }
    }
    return found;
  }

  #resolve(statement: Import, file: string, library: boolean): Loaded | undefined {
    const { value: written, span } = statement.from;
    const standard = /^(?:std|models)\//.test(written);
    if (!standard && !/^\.{1,2}\//.test(written)) {
      this.diagnostics.push(report('import_outside', { file, span, parameters: { path: written } }));
      return undefined;
    }
    const path = standard ? written : relativeTo(file, written);
    if (this.#open.includes(path)) {
      const cycle = [...this.#open.slice(this.#open.indexOf(path)), path].join(' → ');
      this.diagnostics.push(report('import_cyclic', { file, span, parameters: { cycle } }));
      return undefined;
    }
    const loaded = standard && !Object.hasOwn(standardLibrary, path) ? undefined : this.load(path);
    if (loaded) return loaded;
    const near = standard || library ? suggestion(written, Object.keys(standardLibrary)) : undefined;
    this.diagnostics.push(report('import_not_found', { file, span, parameters: { path: written, suggestion: near } }));
    return undefined;
  }
}

const parsed = new Map<string, ParseResult>();

/** The library never changes: who compiles many specs parses each of its files once. */
function parsedLibrary(name: string, text: string): ParseResult {
  const result = parsed.get(name) ?? parse(text);
  parsed.set(name, result);
  return result;
}

/** The scope around a file: what the prelude declares. */
function namesIn(library: Loaded | undefined): Scope {
  const scope = new Scope();
  for (const { name } of library?.declarations.values() ?? []) scope.define(name, 'other');
  return scope;
}

/** Imported names that are models. */
function modelsOf(imports: Loaded['imports']): Map<string, Model> {
  const models = new Map<string, Model>();
  for (const [name, { file, name: original }] of imports) {
    const declaration = file.declarations.get(original);
    if (declaration?.kind === 'model') models.set(name, declaration);
  }
  return models;
}

/** `./x.tfm` beside the importing file; the ending may be left out. */
function relativeTo(file: string, written: string): string {
  const slash = file.replaceAll('\\', '/').lastIndexOf('/');
  const path = normalizePath(`${slash < 0 ? '' : file.slice(0, slash + 1)}${written}`);
  return path.endsWith('.tfm') ? path : `${path}.tfm`;
}
