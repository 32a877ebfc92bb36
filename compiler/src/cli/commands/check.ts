import { type Diagnostic, hasErrors, sortDiagnostics } from '../../source/diagnostic.js';
import { compileSpec } from '../compile-spec.js';
import type { Context } from '../context.js';
import { type DiagnosticFormat, diagnosticsSummary, plural, printDiagnostics } from '../diagnostics.js';
import { exitCodes } from '../exit.js';
import { projectSpecs } from '../project.js';

/** `tfm check [paths…]`: every mistake of all specs, each once, on standard output. */
export async function check(paths: readonly string[], format: DiagnosticFormat, context: Context): Promise<number> {
  const { io } = context;
  const { specs } = await projectSpecs(paths, io.cwd);
  const found: Diagnostic[] = [];
  for (const spec of specs) {
    io.signal.throwIfAborted();
    found.push(...compileSpec(spec.absolute, io.cwd).diagnostics);
  }
  const diagnostics = sortDiagnostics(found);
  printDiagnostics(diagnostics, io.stdout, context, format);
  if (format === 'human')
    io.stdout.write(`${diagnosticsSummary(diagnostics) ?? `${plural(specs.length, 'spec')}, no mistakes`}\n`);
  return hasErrors(diagnostics) ? exitCodes.input : exitCodes.ok;
}
