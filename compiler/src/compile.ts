import { type CheckResult, checkFile } from './check/check.js';
import type { Graph } from './graph/graph.js';
import { type Diagnostic, hasErrors, report, sortDiagnostics } from './source/diagnostic.js';
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

/** A mistake of the compiler is told as one, with the place of the spec at least. */
function checked(host: Host, path: string, settings: Readonly<Record<string, unknown>>): CheckResult {
  try {
    return checkFile(host, path, settings);
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    const place = { file: path, span: { start: 0, end: 0 } };
    return { diagnostics: [report('internal', { ...place, parameters: { problem } })], files: [path] };
  }
}

/** Compiles one spec file, with what it imports, to its graph. Mistakes are diagnostics; nothing is thrown. */
export function compile(host: Host, path: string, options: CompileOptions = {}): CompileResult {
  const { graph, diagnostics, files } = checked(host, path, options.settings ?? {});
  const sorted = sortDiagnostics(diagnostics);
  return { ...(graph && !hasErrors(sorted) && { graph }), diagnostics: sorted, files };
}
