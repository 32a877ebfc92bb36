import path from 'node:path';
import { selectOutputs } from '../../lower/select-outputs.js';
import type { Diagnostic } from '../../source/diagnostic.js';
import type { EntryChoice, OnnxBuildOptions } from '../commands/build-options.js';
import { compileSpec } from '../compile-spec.js';
import type { Context } from '../context.js';
import { usageFailure } from '../exit.js';
import type { SpecPath } from '../files.js';
import { outputBase } from '../generate.js';
import type { Project } from '../project.js';
import { outputNames } from '../run/once.js';
import { type ChosenModel, configured, findModel, splitSpec } from '../spec.js';

export type Entry = Exclude<EntryChoice, 'all'>;

interface OnnxOutput {
  readonly entry: Entry;
  readonly file: string;
}

/** A configured model that is to be built. */
export interface ModelToBuild extends ChosenModel {
  readonly spec: SpecPath;
  /** The outputs that are built; weights that only others need may be missing. */
  readonly wanted: readonly string[];
  /** Where its files go, without their ending. */
  readonly base: string;
  /** For weights that lie beside the models. Entries built in another command have another one, so that neither spoils the other's. */
  readonly dataFile: string;
  /** The files to write, one for each entry. */
  readonly outputs: readonly OnnxOutput[];
}

/** One spec, and those of its models that were chosen. */
export interface ChosenSpec {
  readonly models: readonly ModelToBuild[];
  readonly failed: boolean;
  readonly diagnostics: readonly Diagnostic[];
  /** Every spec that was read, imported ones included. */
  readonly files: readonly string[];
}

/**
 * Compiles the specs and configures their models: all, or those that `file.tfm#Model` names. Throws a failure for a model that
 * is not there, a configuration that does not fit, and an entry that a model has not.
 */
export function chooseModels(
  project: Project,
  paths: readonly string[],
  options: OnnxBuildOptions,
  context: Context,
): readonly ChosenSpec[] {
  const { cwd, signal } = context.io;
  const wanted = new Map<string, string[]>();
  for (const { file, name } of paths.map(splitSpec)) {
    const absolute = path.resolve(cwd, file);
    if (name !== undefined) wanted.set(absolute, [...(wanted.get(absolute) ?? []), name]);
  }
  const specs = project.specs.map((spec) => {
    signal.throwIfAborted();
    return chooseInSpec(spec, wanted.get(spec.absolute), project.out, options, cwd);
  });
  return project.out?.endsWith('.onnx') ? intoOneFile(specs, project.out, cwd) : specs;
}

function chooseInSpec(
  spec: SpecPath,
  names: readonly string[] | undefined,
  out: string | undefined,
  options: OnnxBuildOptions,
  cwd: string,
): ChosenSpec {
  const { graph, diagnostics, files } = compileSpec(spec.absolute, cwd);
  if (!graph) return { models: [], failed: true, diagnostics, files };
  const found = names
    ? [...new Set(names)].map((name) => findModel(graph, spec.shown, name))
    : graph.models.map((model) => ({ model, preset: undefined }));
  const models = found.map(({ model: whole, preset: own }): ModelToBuild => {
    const chosen = configured(graph, whole, { set: options.set, preset: options.preset ?? own });
    const { model } = chosen;
    const wanted = outputNames(model, options.output);
    const base = `${outputBase(spec, out)}${graph.models.length > 1 ? `.${model.name}` : ''}`;
    const generates = selectOutputs(model, wanted).generate !== undefined;
    const entries = entriesOf(model.name, generates, options.entry);
    return {
      ...chosen,
      spec,
      graph,
      wanted,
      base,
      dataFile: dataFileOf(base, entries),
      outputs: entries.map((entry) => ({ entry, file: fileOf(base, entry) })),
    };
  });
  return { models, failed: false, diagnostics, files };
}

/** `gpt2.onnx`, `gpt2.prefill.onnx` */
const fileOf = (base: string, entry: Entry): string => `${base}${entry === 'forward' ? '' : `.${entry}`}.onnx`;

/** `gpt2.onnx.data`, `gpt2.prefill.decode.onnx.data` */
const dataFileOf = (base: string, entries: readonly Entry[]): string =>
  `${base}${entries.join() === 'forward' ? '' : `.${entries.join('.')}`}.onnx.data`;

/** In the order of use. `all` is what the model has. */
function entriesOf(model: string, generates: boolean, chosen: readonly EntryChoice[] = ['forward']): readonly Entry[] {
  const missing = chosen.find((entry) => entry === 'prefill' || entry === 'decode');
  if (missing !== undefined && !generates) {
    throw usageFailure(
      `${model} does not generate: it has no ${missing}`,
      '--entry forward, or all, which is what it has',
    );
  }
  const all: readonly Entry[] = generates ? ['forward', 'prefill', 'decode'] : ['forward'];
  return chosen.includes('all') ? all : all.filter((entry) => chosen.includes(entry));
}

/** `--out FILE.onnx`: a single entry goes there whatever it is, several as they would be called beside `FILE.tfm`. */
function intoOneFile(specs: readonly ChosenSpec[], out: string, cwd: string): readonly ChosenSpec[] {
  const models = specs.flatMap((spec) => spec.models);
  const [first, second] = models;
  if (first && second) {
    const names = models.map(({ model }) => model.name).join(', ');
    const file = path.relative(cwd, out);
    throw usageFailure(
      `${file} is one file, and these are ${names}`,
      `give a folder, or ${first.spec.shown}#${first.model.name}`,
    );
  }
  const base = out.replace(/\.onnx$/, '');
  const moved = (model: ModelToBuild): ModelToBuild => {
    const isOnly = model.outputs.length === 1;
    const outputs = model.outputs.map(({ entry }) => ({ entry, file: isOnly ? out : fileOf(base, entry) }));
    const entries = outputs.map(({ entry }) => entry);
    return { ...model, base, outputs, dataFile: isOnly ? `${out}.data` : dataFileOf(base, entries) };
  };
  return specs.map((spec) => ({ ...spec, models: spec.models.map(moved) }));
}
