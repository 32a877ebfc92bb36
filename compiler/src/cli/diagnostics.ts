import type { Diagnostic } from '../source/diagnostic.js';
import { toGitHub, toJson } from '../source/formats.js';
import { renderDiagnostics } from '../source/frame.js';
import { nodeHost } from '../source/node-host.js';
import { standardLibrary } from '../std.gen.js';
import { type Context, usesColor } from './context.js';
import type { Output } from './io.js';

export type DiagnosticFormat = 'human' | 'json' | 'github';

/** Writes diagnostics with their code frames, or as a machine wants them. */
export function printDiagnostics(
  diagnostics: readonly Diagnostic[],
  output: Output,
  context: Context,
  format: DiagnosticFormat = 'human',
): void {
  const { read: readFile } = nodeHost(context.io.cwd);
  const read = (file: string): string | undefined => standardLibrary[file] ?? readFile(file);
  if (format === 'json') output.write(`${JSON.stringify(toJson(diagnostics, read), null, 2)}\n`);
  else if (format === 'github') output.write(toGitHub(diagnostics, read));
  else if (diagnostics.length > 0)
    output.write(`${renderDiagnostics(diagnostics, { read, colors: usesColor(context, output) })}\n`);
}

/** `2 errors, 1 warning in 1 file`; undefined where there are none. */
export function diagnosticsSummary(diagnostics: readonly Diagnostic[]): string | undefined {
  if (diagnostics.length === 0) return undefined;
  const errors = diagnostics.filter(({ severity }) => severity === 'error').length;
  const warnings = diagnostics.length - errors;
  const counts = [
    ...(errors > 0 ? [plural(errors, 'error')] : []),
    ...(warnings > 0 ? [plural(warnings, 'warning')] : []),
  ];
  return `${counts.join(', ')} in ${plural(new Set(diagnostics.map(({ file }) => file)).size, 'file')}`;
}

/** `1 file`, `2 files` */
export function plural(number: number, word: string): string {
  return `${number} ${word}${number === 1 ? '' : 's'}`;
}
