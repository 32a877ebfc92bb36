import { report } from '../source/diagnostic.js';
import type { DiagnosticName, DiagnosticParameters } from '../source/messages.js';
import { exitCodes, Failure } from './exit.js';

/** A failure in the words of the table of diagnostics, where no place of a spec is to blame. */
export function failure<N extends DiagnosticName>(name: N, parameters: DiagnosticParameters<N>): Failure {
  const { code, message, help } = report(name, { file: '', span: { start: 0, end: 0 }, parameters });
  return new Failure(exitCodes.input, message, help, code);
}
