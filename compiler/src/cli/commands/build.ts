import path from 'node:path';
import type { Context } from '../context.js';
import { diagnosticsSummary, plural, printDiagnostics } from '../diagnostics.js';
import { exitCodes, usageFailure } from '../exit.js';
import { failure } from '../failures.js';
import { readIfThere, showPath, writeIfChanged } from '../files.js';
import { extraFiles, type Generated, generate, outputOf, type TextProject } from '../generate.js';
import { type Project, projectSpecs } from '../project.js';
import { splitSpec } from '../spec.js';
import { type BuildOptions, checkBuildOptions } from './build-options.js';

/** `tfm build [paths…]` */
export async function build(paths: readonly string[], options: BuildOptions, context: Context): Promise<number> {
  const { io } = context;
  if (options.watch) {
    const files = paths.map((given) => splitSpec(given).file);
    return (await import('../watch.js')).watch(() => buildProject(paths, options, context), files, context);
  }
  if (!options.stdout) return (await buildProject(paths, options, context)).exitCode;
  const project = textProject(await projectFor(paths, options, context), paths);
  const [spec, ...others] = project.specs;
  if (!spec || others.length > 0) throw usageFailure(`--stdout prints one spec; these are ${project.specs.length}`);
  const { text, diagnostics } = await generate(spec, project.target, context);
  printDiagnostics(diagnostics, io.stderr, context);
  if (text === undefined) return exitCodes.input;
  io.stdout.write(text);
  return exitCodes.ok;
}

/** What one build did: its status, its line for the user, and the files and folders that it depends on. */
export interface BuildResult {
  readonly exitCode: number;
  readonly summary: string;
  readonly files: readonly string[];
}

async function buildProject(paths: readonly string[], options: BuildOptions, context: Context): Promise<BuildResult> {
  const { io } = context;
  const given = await projectFor(paths, options, context);
  if (given.target === 'onnx') return (await import('../onnx/build-onnx.js')).buildOnnx(given, paths, options, context);
  const project = textProject(given, paths);
  checkOutputs(project, io.cwd);
  const results: Generated[] = [];
  for (const spec of project.specs) {
    io.signal.throwIfAborted();
    results.push(await generate(spec, project.target, context));
  }
  const diagnostics = results.flatMap((result) => result.diagnostics);
  printDiagnostics(diagnostics, io.stderr, context);
  const failed = results.filter((result) => result.failed).length;
  const configuration = project.configurationFile === undefined ? [] : [project.configurationFile];
  const read = results.flatMap((result) => result.files);
  const files = [...new Set([...configuration, ...project.folders, ...read])];
  const mistakes = diagnosticsSummary(diagnostics);
  const done = options.check ? listStale(project, results, context) : write(project, results, context);
  const summary = [mistakes, done.summary].filter((part) => part !== undefined).join('; ');
  if (!options.watch) io.stderr.write(`${summary}\n`);
  return { exitCode: failed > 0 || done.wrong ? exitCodes.input : exitCodes.ok, summary, files };
}

async function projectFor(paths: readonly string[], options: BuildOptions, context: Context): Promise<Project> {
  const files = paths.map((given) => splitSpec(given).file);
  const project = await projectSpecs(files, context.io.cwd);
  const target = options.target ?? project.target;
  checkBuildOptions(options, target);
  return {
    ...project,
    target,
    out: options.out === undefined ? project.out : path.resolve(context.io.cwd, options.out),
  };
}

/** A project whose specs each generate one file of text, which has all models of the spec. */
function textProject({ target, ...project }: Project, paths: readonly string[]): TextProject {
  const chosen = paths.find((given) => splitSpec(given).name !== undefined);
  if (target === 'onnx') throw new Error('an ONNX model is no text');
  if (chosen !== undefined) {
    const { file, name } = splitSpec(chosen);
    throw usageFailure(
      `#${name} chooses a model only for --target onnx`,
      `without it all models of ${file} are generated`,
    );
  }
  return { ...project, target };
}

/** Two specs must not write the same file. */
function checkOutputs(project: TextProject, cwd: string): void {
  const makers = new Map<string, string>();
  for (const spec of project.specs) {
    const target = outputOf(spec, project);
    const first = makers.get(target);
    if (first !== undefined) throw failure('same_output', { first, second: spec.shown, path: showPath(target, cwd) });
    makers.set(target, spec.shown);
  }
}

function write(
  project: TextProject,
  results: readonly Generated[],
  { io }: Context,
): { summary: string; wrong: boolean } {
  let written = 0;
  let unchanged = 0;
  for (const { spec, text } of results) {
    if (text === undefined) continue;
    const target = outputOf(spec, project);
    if (writeIfChanged(target, text)) {
      written++;
      io.stdout.write(`${showPath(target, io.cwd)}\n`);
    } else unchanged++;
  }
  return { summary: `${plural(written, 'file')} written, ${unchanged} unchanged`, wrong: false };
}

/** `--check`: what a build would write or leave over. */
function listStale(
  project: TextProject,
  results: readonly Generated[],
  { io }: Context,
): { summary: string; wrong: boolean } {
  let wrong = 0;
  const say = (state: string, file: string): void => {
    wrong++;
    io.stdout.write(`${state.padEnd(8)} ${showPath(file, io.cwd)}\n`);
  };
  const expected = new Set<string>();
  for (const { spec, text, failed } of results) {
    const target = outputOf(spec, project);
    if (text !== undefined || failed) expected.add(target);
    if (text === undefined) continue;
    const found = readIfThere(target);
    if (found === undefined) say('missing', target);
    else if (found !== text) say('stale', target);
  }
  for (const file of extraFiles(project, expected)) say('extra', file);
  const summary =
    wrong === 0 ? `${plural(expected.size, 'file')} up to date` : `${plural(wrong, 'file')} out of date: run tfm build`;
  return { summary, wrong: wrong > 0 };
}
