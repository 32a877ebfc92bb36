import type { Diagnostic } from '../../source/diagnostic.js';
import type { BuildResult } from '../commands/build.js';
import type { OnnxBuildOptions } from '../commands/build-options.js';
import type { Context } from '../context.js';
import { diagnosticsSummary, plural, printDiagnostics } from '../diagnostics.js';
import { exitCodes, usageFailure } from '../exit.js';
import { failure } from '../failures.js';
import { showPath } from '../files.js';
import type { Project } from '../project.js';
import { bytes } from '../units.js';
import { type Emission, emissionOf } from './emission.js';
import { type ChosenSpec, chooseModels, type ModelToBuild } from './models.js';
import { type FileState, planOutputs, statesOf, writeOutputs } from './outputs.js';
import { openWeights } from './weights.js';

export interface OnnxSettings extends OnnxBuildOptions {
  readonly check?: boolean;
  readonly watch?: boolean;
}

/** `tfm build --target onnx`: emits every model before the first weight is read, so that all mistakes are told at once. */
export async function buildOnnx(
  project: Project,
  paths: readonly string[],
  options: OnnxSettings,
  context: Context,
): Promise<BuildResult> {
  const { io } = context;
  const specs = chooseModels(project, paths, options, context);
  const models = specs.flatMap((spec) => spec.models);
  checkModels(models, options, io.cwd);
  const emissions = models.map((model) => emissionOf(model, options, io.cwd));
  const diagnostics = distinct([
    ...specs.flatMap((spec) => spec.diagnostics),
    ...emissions.flatMap((emission) => emission.diagnostics),
  ]);
  printDiagnostics(diagnostics, io.stderr, context);
  const mistakes = diagnosticsSummary(diagnostics);
  const states: FileState[] = [];
  for (const emission of emissions) {
    if (emission.files.length > 0) states.push(...(await make(emission, options, context)));
  }
  const done = options.check ? checked(states, context) : built(states);
  const summary = [mistakes, done.summary].filter((part) => part !== undefined).join('; ');
  if (!options.watch) io.stderr.write(`${summary}\n`);
  const failed = done.wrong || specs.some((spec) => spec.failed) || emissions.some((emission) => emission.failed);
  if (!failed && !options.check && !options.watch) adviseOnGeneration(models, options, context);
  return { exitCode: failed ? exitCodes.input : exitCodes.ok, summary, files: filesOf(project, specs) };
}

/** One file of weights is one model's, and no two models go to one file. Throws a failure. */
function checkModels(models: readonly ModelToBuild[], { weights }: OnnxBuildOptions, cwd: string): void {
  const [first, second] = models;
  if (weights !== undefined && first && second) {
    const names = models.map(({ model }) => model.name).join(', ');
    throw usageFailure(
      `--weights is for one model, and these are ${names}`,
      `name one: ${first.spec.shown}#${first.model.name}`,
    );
  }
  const makers = new Map<string, string>();
  for (const { base, spec } of models) {
    const other = makers.get(base);
    const path = showPath(`${base}.onnx`, cwd);
    if (other !== undefined) throw failure('same_output', { first: other, second: spec.shown, path });
    makers.set(base, spec.shown);
  }
}

/** A mistake in an imported file is told once. */
function distinct(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  return [...new Map(diagnostics.map((diagnostic) => [JSON.stringify(diagnostic), diagnostic])).values()];
}

/** Compares the files of a model with those on disk and, unless that is all, writes them where they differ. */
async function make(emission: Emission, options: OnnxSettings, context: Context): Promise<readonly FileState[]> {
  const weights = await openWeights(emission.chosen, options, context);
  try {
    const outputs = planOutputs(emission, weights.source, options.externalData === true);
    const states = await statesOf(outputs, weights.source, context);
    if (options.check || states.every(({ state }) => state === 'same')) return states;
    await writeOutputs(outputs, weights.source, context);
    for (const { file, length } of states)
      context.io.stdout.write(`${showPath(file, context.io.cwd)}  ${bytes(length)}\n`);
    return states.map((state) => ({ ...state, state: 'different' }));
  } finally {
    await weights.close();
  }
}

interface Outcome {
  readonly summary: string;
  readonly wrong: boolean;
}

function built(states: readonly FileState[]): Outcome {
  const unchanged = states.filter(({ state }) => state === 'same').length;
  return { summary: `${plural(states.length - unchanged, 'file')} written, ${unchanged} unchanged`, wrong: false };
}

/** `--check`. Files that no spec accounts for are not looked for: other programs write ONNX files, too. */
function checked(states: readonly FileState[], { io }: Context): Outcome {
  const wrong = states.filter(({ state }) => state !== 'same');
  for (const { state, file } of wrong) {
    io.stdout.write(`${(state === 'missing' ? state : 'stale').padEnd(8)} ${showPath(file, io.cwd)}\n`);
  }
  const summary =
    wrong.length === 0
      ? `${plural(states.length, 'file')} up to date`
      : `${plural(wrong.length, 'file')} out of date: run tfm build`;
  return { summary, wrong: wrong.length > 0 };
}

function adviseOnGeneration(models: readonly ModelToBuild[], { entry }: OnnxBuildOptions, { io }: Context): void {
  if (entry?.some((name) => name !== 'forward')) return;
  const generating = models.filter(({ model }) => model.generate !== undefined).map(({ model }) => model.name);
  if (generating.length === 0) return;
  const verb = generating.length === 1 ? 'generates' : 'generate';
  const steps = '--entry prefill --entry decode writes the two steps of generation';
  io.stderr.write(`${generating.join(', ')} ${verb}: ${steps}\n`);
}

function filesOf({ configurationFile, folders }: Project, specs: readonly ChosenSpec[]): readonly string[] {
  const configuration = configurationFile === undefined ? [] : [configurationFile];
  return [...new Set([...configuration, ...folders, ...specs.flatMap((spec) => spec.files)])];
}
