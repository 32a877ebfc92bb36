import fs from 'node:fs';
import path from 'node:path';
import type { Diagnostic } from '../source/diagnostic.js';
import { compileSpec } from './compile-spec.js';
import type { Context } from './context.js';
import { listFiles, type SpecPath } from './files.js';
import type { Project } from './project.js';
import { toolVersion } from './version.js';

export type Target = 'typescript' | 'graph' | 'onnx';

/** Targets that are text, one file for each spec. */
export type TextTarget = Exclude<Target, 'onnx'>;

/** A project whose target is text. */
export type TextProject = Project & { readonly target: TextTarget };

/** What a spec generates. */
export interface Generated {
  readonly spec: SpecPath;
  /** Absent where the spec has errors, or no model: a library of blocks generates nothing. */
  readonly text?: string;
  readonly failed: boolean;
  readonly diagnostics: readonly Diagnostic[];
  /** Every spec that was read, imported ones included. */
  readonly files: readonly string[];
}

const endings: Readonly<Record<TextTarget, string>> = { typescript: '.tfm.ts', graph: '.tfm.graph.json' };

/** Compiles one spec. ts-morph is loaded when there is something to emit. */
export async function generate(spec: SpecPath, target: TextTarget, { io }: Context): Promise<Generated> {
  const { graph, diagnostics, files } = compileSpec(spec.absolute, io.cwd);
  const base = { spec, diagnostics, files };
  if (!graph) return { ...base, failed: true };
  if (graph.models.length === 0) return { ...base, failed: false };
  if (target === 'graph') return { ...base, failed: false, text: `${JSON.stringify(graph, null, 2)}\n` };
  const { emitTypeScript } = await import('../emit/typescript/index.js');
  return { ...base, failed: false, text: (await emitTypeScript(graph, { toolVersion: toolVersion() })).text };
}

/** The file that a spec generates. */
export function outputOf(spec: SpecPath, { out, target }: Pick<TextProject, 'out' | 'target'>): string {
  return `${outputBase(spec, out)}${endings[target]}`;
}

/** Where a spec's files go: beside it, or to the same place below the output folder. Without an ending. */
export function outputBase(spec: SpecPath, out: string | undefined): string {
  const name = spec.absolute.replace(/\.tfm$/, '');
  return out === undefined ? name : path.join(out, path.relative(spec.root, name));
}

/** Generated files, in the folders that were searched or in the output folder, that no spec accounts for. */
export function extraFiles(project: TextProject, expected: ReadonlySet<string>): string[] {
  const folders = project.out === undefined ? project.folders : [project.out];
  const found = folders
    .filter((folder) => fs.existsSync(folder))
    .flatMap((folder) => listFiles(folder, endings[project.target]));
  return [...new Set(found)].filter((file) => !expected.has(file));
}
