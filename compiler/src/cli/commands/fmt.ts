import fs from 'node:fs';
import { format } from '@tfm-lang/grammar';
import { type Diagnostic, report } from '../../source/diagnostic.js';
import type { Context } from '../context.js';
import { diagnosticsSummary, plural, printDiagnostics } from '../diagnostics.js';
import { exitCodes, usageFailure } from '../exit.js';
import { writeIfChanged } from '../files.js';
import { projectSpecs } from '../project.js';

interface FmtOptions {
  readonly check?: boolean;
  readonly stdin?: boolean;
}

/** `tfm fmt [paths…]` */
export async function fmt(paths: readonly string[], options: FmtOptions, context: Context): Promise<number> {
  if (options.stdin) {
    if (paths.length > 0) throw usageFailure('--stdin reads no files', 'leave out the paths');
    return formatStdin(options.check === true, context);
  }
  const { io } = context;
  const { specs } = await projectSpecs(paths, io.cwd);
  const mistakes: Diagnostic[] = [];
  const changed: string[] = [];
  for (const { absolute, shown } of specs) {
    const text = fs.readFileSync(absolute, 'utf8');
    const result = formatText(text, shown);
    if ('mistakes' in result) mistakes.push(...result.mistakes);
    else if (options.check ? result.text !== text : writeIfChanged(absolute, result.text)) changed.push(shown);
  }
  printDiagnostics(mistakes, io.stderr, context);
  for (const file of changed) io.stdout.write(`${file}\n`);
  const summary = diagnosticsSummary(mistakes);
  const state = options.check ? 'not formatted' : 'formatted';
  io.stderr.write(`${summary ? `${summary}, ` : ''}${plural(changed.length, 'file')} of ${specs.length} ${state}\n`);
  const wrong = mistakes.length > 0 || (options.check && changed.length > 0);
  return wrong ? exitCodes.input : exitCodes.ok;
}

async function formatStdin(check: boolean, context: Context): Promise<number> {
  const { io } = context;
  const text = await io.readStdin();
  const result = formatText(text, '<stdin>');
  if ('mistakes' in result) {
    printDiagnostics(result.mistakes, io.stderr, context);
    return exitCodes.input;
  }
  if (check) return result.text === text ? exitCodes.ok : exitCodes.input;
  io.stdout.write(result.text);
  return exitCodes.ok;
}

/** The canonical form of a spec, or why it has none. */
function formatText(
  text: string,
  file: string,
): { readonly text: string } | { readonly mistakes: readonly Diagnostic[] } {
  const formatted = format(text);
  if (formatted.mistakes.length === 0) return { text: formatted.text };
  return {
    mistakes: formatted.mistakes.map(({ kind, message, span, help }) =>
      report(kind, { file, span, parameters: { problem: message }, ...(help !== undefined && { help }) }),
    ),
  };
}
