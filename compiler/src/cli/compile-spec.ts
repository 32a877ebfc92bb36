import path from 'node:path';
import { compile } from '../compile.js';
import type { Graph } from '../graph/graph.js';
import type { Diagnostic } from '../source/diagnostic.js';
import { nodeHost } from '../source/node-host.js';
import { standardLibrary } from '../std.gen.js';
import { showPath } from './files.js';

/** What the compiler says of one spec. */
export interface Compilation {
  /** Absent where the spec has errors. */
  readonly graph?: Graph;
  /** Files are named relative to the working folder. */
  readonly diagnostics: readonly Diagnostic[];
  /** Every spec that was read, as an absolute path; those of the standard library are left out. */
  readonly files: readonly string[];
}

/**
 * Compiles a spec as seen from its own folder, so that the graph is the same wherever the command is run; messages are as
 * seen from the working folder.
 */
export function compileSpec(absolute: string, cwd: string): Compilation {
  const folder = path.dirname(absolute);
  const { graph, diagnostics, files } = compile(nodeHost(folder), path.basename(absolute));
  const isOfLibrary = (file: string): boolean => Object.hasOwn(standardLibrary, file);
  const show = (file: string): string => (isOfLibrary(file) ? file : showPath(path.resolve(folder, file), cwd));
  return {
    ...(graph && { graph }),
    diagnostics: diagnostics.map((diagnostic) => ({
      ...diagnostic,
      file: show(diagnostic.file),
      labels: diagnostic.labels.map((label) => ({ ...label, file: show(label.file) })),
    })),
    files: files.filter((file) => !isOfLibrary(file)).map((file) => path.resolve(folder, file)),
  };
}
