import type { Span } from '@tfm-lang/grammar';
import type { Diagnostic } from './diagnostic.js';
import { type LineAndColumn, lineAndColumn } from './text.js';

type Read = (file: string) => string | undefined;

/** A place as machines read it: lines and columns from 1, offsets in UTF-16 units from 0, the end exclusive. */
interface JsonRange {
  readonly start: LineAndColumn & { readonly offset: number };
  readonly end: LineAndColumn & { readonly offset: number };
}

/** What `--json` prints. A key is never removed or given another meaning without a new version. */
export interface JsonReport {
  readonly version: 1;
  readonly errors: number;
  readonly warnings: number;
  readonly diagnostics: readonly (Omit<Diagnostic, 'span' | 'labels'> & {
    readonly range: JsonRange;
    readonly labels: readonly { readonly file: string; readonly range: JsonRange; readonly text: string }[];
  })[];
}

export function toJson(diagnostics: readonly Diagnostic[], read: Read): JsonReport {
  return {
    version: 1,
    errors: diagnostics.filter((d) => d.severity === 'error').length,
    warnings: diagnostics.filter((d) => d.severity === 'warning').length,
    diagnostics: diagnostics.map(({ span, labels, ...rest }) => ({
      ...rest,
      range: rangeOf(rest.file, span, read),
      labels: labels.map((label) => ({
        file: label.file,
        range: rangeOf(label.file, label.span, read),
        text: label.text,
      })),
    })),
  };
}

function rangeOf(file: string, span: Span, read: Read): JsonRange {
  const text = read(file) ?? '';
  return {
    start: { ...lineAndColumn(text, span.start), offset: span.start },
    end: { ...lineAndColumn(text, span.end), offset: span.end },
  };
}

/** Workflow commands of GitHub Actions: each diagnostic becomes an annotation of its line. */
export function toGitHub(diagnostics: readonly Diagnostic[], read: Read): string {
  return diagnostics.map((diagnostic) => `${annotation(diagnostic, read)}\n`).join('');
}

function annotation({ severity, code, message, help, notes, file, span }: Diagnostic, read: Read): string {
  const { start, end } = rangeOf(file, span, read);
  const properties = {
    file,
    line: start.line,
    endLine: end.line,
    // GitHub takes columns only within one line.
    ...(start.line === end.line && { col: start.column, endColumn: end.column }),
    title: code,
  };
  const written = Object.entries(properties).map(([key, value]) => `${key}=${escapeProperty(String(value))}`);
  const text = [message, ...(help === undefined ? [] : [`help: ${help}`]), ...notes.map((note) => `note: ${note}`)];
  return `::${severity} ${written.join(',')}::${escapeData(text.join('\n'))}`;
}

const escapeData = (text: string): string =>
  text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');

const escapeProperty = (text: string): string => escapeData(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
