import path from 'node:path';
import { type ConfigurationProblem, instantiate } from '../explain/configuration.js';
import type { Configuration } from '../explain/scope.js';
import type { Graph, GraphModel } from '../graph/graph.js';
import { selectOutputs } from '../lower/select-outputs.js';
import { suggestion } from '../source/suggest.js';
import { compileSpec } from './compile-spec.js';
import type { Context } from './context.js';
import { printDiagnostics } from './diagnostics.js';
import { exitCodes, Failure } from './exit.js';
import { failure } from './failures.js';
import { notFound, readIfThere } from './files.js';

/** A model with the outputs of its preset, and the values of its parameters. */
interface ConfiguredModel {
  readonly model: GraphModel;
  /** The preset that it is configured by. */
  readonly preset: string | undefined;
  readonly configuration: Configuration;
}

/** A model chosen on the command line, configured. */
export interface ChosenModel extends ConfiguredModel {
  readonly graph: Graph;
}

export interface Choice {
  readonly set?: Readonly<Record<string, unknown>> | undefined;
  readonly preset?: string | undefined;
}

/**
 * Compiles `file.tfm` or `file.tfm#Model` and configures the model; `#Preset` is its model with that preset. Mistakes in the
 * spec are printed to standard error. Throws a {@link Failure} where there is no such model.
 */
export function chooseModel(spec: string, choice: Choice, context: Context): ChosenModel {
  const { file, name } = splitSpec(spec);
  const graph = compileOrFail(file, context);
  const { model, preset } = findModel(graph, file, name);
  return { graph, ...configured(graph, model, { ...choice, preset: choice.preset ?? preset }) };
}

/** The model by the preset that was chosen, or else by what the file says of it. Throws a {@link Failure}. */
export function configured(graph: Graph, model: GraphModel, choice: Choice): ConfiguredModel {
  const preset = choice.preset ?? onlyPreset(graph, model);
  const configuration = configure(model, { set: choice.set, preset });
  return { model: withOutputsOf(model, preset), preset, configuration };
}

/** What a file says of an imported model is how it is configured: its preset, where there is only one. */
function onlyPreset({ source }: Graph, { place, presets }: GraphModel): string | undefined {
  return place.file !== source && presets.length === 1 ? presets[0]?.name : undefined;
}

/** The model with the outputs that the preset is for. */
function withOutputsOf(model: GraphModel, preset: string | undefined): GraphModel {
  const outputs = model.presets.find(({ name }) => name === preset)?.outputs;
  return outputs ? selectOutputs(model, outputs) : model;
}

/** The values of all parameters. Throws a {@link Failure} that names every problem. */
function configure(model: GraphModel, { set, preset }: Choice): Configuration {
  const { configuration, problems } = instantiate(model, set, preset);
  if (!configuration) throw new Failure(exitCodes.input, problems.map(problemText).join('\n'));
  return configuration;
}

/** `file.tfm#Model` in its parts. */
export function splitSpec(spec: string): { file: string; name: string | undefined } {
  const hash = spec.lastIndexOf('#');
  // A name has no dot and no slash: `a#b.tfm` is a file.
  if (hash < 0 || /[./\\]/.test(spec.slice(hash))) return { file: spec, name: undefined };
  return { file: spec.slice(0, hash), name: spec.slice(hash + 1) };
}

function compileOrFail(file: string, context: Context): Graph {
  const { cwd } = context.io;
  const absolute = path.resolve(cwd, file);
  if (readIfThere(absolute) === undefined) throw notFound(file, absolute);
  const { graph, diagnostics } = compileSpec(absolute, cwd);
  if (diagnostics.length > 0) printDiagnostics(diagnostics, context.io.stderr, context);
  if (!graph) throw new Failure(exitCodes.input, `${file} has errors`);
  return graph;
}

/** The model of this name, or the only one. The name of a preset is its model with that preset. Throws a {@link Failure}. */
export function findModel(
  graph: Graph,
  file: string,
  name: string | undefined,
): { readonly model: GraphModel; readonly preset?: string } {
  const { models } = graph;
  if (name === undefined) {
    const [first] = models;
    if (!first) throw failure('unknown_model', { file, name: 'at all', suggestion: undefined });
    if (models.length === 1) return { model: first };
    throw failure('several_models', { file, models: models.map((m) => m.name).join(', '), first: first.name });
  }
  for (const model of models) {
    if (model.name === name) return { model };
    if (model.presets.some((preset) => preset.name === name)) return { model, preset: name };
  }
  const candidates = models.flatMap((model) => [model.name, ...model.presets.map((preset) => preset.name)]);
  throw failure('unknown_model', { file, name, suggestion: suggestion(name, candidates) });
}

function problemText({ message, help, place }: ConfigurationProblem): string {
  const where = place ? `${place.file}:${place.line}:${place.column}: ` : '';
  return `${where}${message}${help ? `\nhelp: ${help}` : ''}`;
}
