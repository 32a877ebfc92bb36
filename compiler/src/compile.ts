import type { Graph } from './graph/graph.js';
import { checkFile } from './check/check.js';
import { type Diagnostic, hasErrors, sortDiagnostics } from './source/diagnostic.js';
import type { Host } from './source/host.js';

export interface CompileOptions {
  /** Values of parameters that the checks take in place of the defaults (`--set width=64`). */
  readonly settings?: Readonly<Record<string, unknown>>;
}

export interface CompileResult {
  /** Absent where there are errors. */
  readonly graph?: Graph;
  readonly diagnostics: readonly Diagnostic[];
  /** Every file that was read, the spec itself first; the standard library is not among them. */
  readonly files: readonly string[];
}

/** Compiles one spec file, with what it imports, to its graph. Mistakes are diagnostics; nothing is thrown. */
export function compile(host: Host, path: string, options: CompileOptions = {}): CompileResult {
  const { graph, diagnostics, files } = checkFile(host, path, options.settings ?? {});
  const sorted = sortDiagnostics(diagnostics);
  return { ...(graph && !hasErrors(sorted) && { graph }), diagnostics: sorted, files };
}
