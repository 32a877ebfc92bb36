import { type Graph, graphVersion, type Place } from '../graph/graph.js';
import { lower } from '../lower/lower.js';
import { selectOutputs } from '../lower/select-outputs.js';
import { type Diagnostic, hasErrors, report } from '../source/diagnostic.js';
import type { Host } from '../source/host.js';
import { offsetAt } from '../source/text.js';
import { FunctionBuilder } from './builder.js';
import { Checker } from './checker.js';
import { declarationValue } from './declarations.js';
import { Home } from './home.js';
import { type Loaded, Loader, prelude } from './load.js';
import { checkModel } from './model.js';
import { modelsOf, presetProblems } from './models.js';
import { type At, failed as failedValue } from './values.js';

export interface CheckResult {
  readonly graph?: Graph;
  readonly diagnostics: readonly Diagnostic[];
  readonly files: readonly string[];
}

/** Reads a spec and everything that it imports, checks its models and makes its graph. */
export function checkFile(host: Host, path: string, settings: Readonly<Record<string, unknown>>): CheckResult {
  const loader = new Loader(host);
  const file = loader.load(path);
  const diagnostics = loader.diagnostics;
  if (!file) {
    diagnostics.push(
      report('file_not_found', { file: path, span: { start: 0, end: 0 }, parameters: { path, suggestion: undefined } }),
    );
    return { diagnostics, files: [path] };
  }
  const bound = new Set<Loaded>();
  const library = loader.loaded(prelude);
  if (library) bindFile(library, bound);
  bindFile(file, bound);
  diagnostics.push(...presetProblems(file));
  const failed = hasErrors(diagnostics);
  const graphs = modelsOf(file).flatMap((of) => {
    const checker = new Checker();
    if (of.user) checker.calls.push(of.user);
    const made = checkModel(of.model, of.presets, { declared: of.file, compiled: file }, checker, settings, failed);
    const at = of.user ?? { file, span: of.model.name.span };
    const locate = (place: Place): At | undefined => locatePlace(loader, place);
    const lowered = made && lower(made, { checker, locate, model: at });
    diagnostics.push(...checker.diagnostics);
    if (!lowered) return [];
    return [{ ...(of.outputs ? selectOutputs(lowered, of.outputs) : lowered), name: of.name }];
  });
  const graph: Graph = { format: 'tfm-graph', version: graphVersion, source: path, models: graphs };
  return { graph, diagnostics, files: loader.files };
}

/** Top-level names of a file and of those it imports. */
function bindFile(file: Loaded, done: Set<Loaded>): void {
  if (done.has(file)) return;
  done.add(file);
  // Values of declarations are closures: they need names and a file, not a place in a graph.
  const builder = new FunctionBuilder('none');
  const context = { checker: new Checker(), file, environment: file.environment, builder, home: Home.of(builder) };
  for (const [name, declaration] of file.declarations) {
    if (declaration.kind === 'model' || declaration.kind === 'preset') continue;
    file.environment.define(name, declarationValue(declaration, context));
  }
  // What could not be imported was reported: its name stands for nothing.
  for (const { name, alias } of file.tree.imports.flatMap((i) => i.names)) {
    if (!file.imports.has((alias ?? name).name)) file.environment.define((alias ?? name).name, failedValue);
  }
  for (const [name, { file: from, name: original, from: statement }] of file.imports) {
    bindFile(from, done);
    const value = from.environment.find(original)?.value;
    if (!value) continue;
    const syntax = statement.names.find((n) => (n.alias ?? n.name).name === name);
    file.environment.define(name, value, (syntax?.alias ?? syntax?.name)?.span);
  }
}

/** The word at a place of the graph, in a file of the user. */
function locatePlace(loader: Loader, place: Place): At | undefined {
  const file = loader.loaded(place.file);
  if (!file || file.library) return undefined;
  const start = offsetAt(file.text, place);
  const word = /^\w+/.exec(file.text.slice(start, start + 100));
  return { file, span: { start, end: start + (word?.[0].length ?? 1) } };
}
