import { createColors } from 'picocolors';
import type { Diagnostic, Label } from './diagnostic.js';
import { lineAndColumn, lineText } from './text.js';
import { displayLine, printable } from './width.js';

export interface FrameOptions {
  /** The text of a file by its name in the diagnostic; without it there is no frame, only the place. */
  readonly read: (file: string) => string | undefined;
  readonly colors?: boolean;
}

type Colors = ReturnType<typeof createColors>;

interface Mark {
  readonly line: number;
  /** Columns on the terminal, from 0. */
  readonly from: number;
  readonly to: number;
  readonly text: string;
  readonly primary: boolean;
}

/**
 * A diagnostic as text: what is wrong, where, the lines in question with every place marked, and the likely fix. The
 * mistake itself is underlined with `^^^`, other places with `---`.
 */
export function renderDiagnostic(diagnostic: Diagnostic, { read, colors = false }: FrameOptions): string {
  const paint = createColors(colors);
  const tint = diagnostic.severity === 'error' ? paint.red : paint.yellow;
  const blocks = inFiles(diagnostic);
  const gutter = gutterWidth(blocks, read);
  const head = `${tint(paint.bold(`${diagnostic.severity}[${diagnostic.code}]`))}${paint.bold(`: ${indented(diagnostic.message, '  ')}`)}`;
  const frames = blocks.flatMap(({ file, labels }) => fileFrame(file, labels, read, gutter, paint, tint));
  const remarks = [
    ...(diagnostic.help === undefined ? [] : [`help: ${diagnostic.help}`]),
    ...diagnostic.notes.map((note) => `note: ${note}`),
    `see: tfm help ${diagnostic.code}`,
  ];
  const tail = remarks.map(
    (remark) => `${' '.repeat(gutter)} ${paint.blue('=')} ${indented(remark, ' '.repeat(gutter + 5))}`,
  );
  return [head, ...frames, ...tail].join('\n');
}

export function renderDiagnostics(diagnostics: readonly Diagnostic[], options: FrameOptions): string {
  return diagnostics.map((diagnostic) => `${renderDiagnostic(diagnostic, options)}\n`).join('\n');
}

interface Block {
  readonly file: string;
  readonly labels: readonly (Label & { readonly primary: boolean })[];
}

/** The diagnostic's own file first, then the others in the order of their labels. */
function inFiles(diagnostic: Diagnostic): readonly Block[] {
  const own = { file: diagnostic.file, span: diagnostic.span, text: diagnostic.label ?? '', primary: true };
  const all = [own, ...diagnostic.labels.map((label) => ({ ...label, primary: false }))];
  const files = [...new Set(all.map((label) => label.file))];
  return files.map((file) => ({ file, labels: all.filter((label) => label.file === file) }));
}

function gutterWidth(blocks: readonly Block[], read: FrameOptions['read']): number {
  const lines = blocks.flatMap(({ file, labels }) => {
    const text = read(file);
    return text === undefined ? [] : labels.map((label) => lineAndColumn(text, label.span.start).line);
  });
  return String(Math.max(1, ...lines)).length;
}

function fileFrame(
  file: string,
  labels: Block['labels'],
  read: FrameOptions['read'],
  gutter: number,
  paint: Colors,
  tint: (text: string) => string,
): readonly string[] {
  const text = read(file);
  const arrow = `${' '.repeat(gutter)}${paint.blue('-->')} ${printable(file)}`;
  if (text === undefined)
    return [arrow, ...labels.filter((l) => l.text !== '').map((l) => `      ${printable(l.text)}`)];
  const { line, column } = lineAndColumn(text, labels[0]?.span.start ?? 0);
  const bar = `${' '.repeat(gutter)} ${paint.blue('|')}`;
  const marks = labels.map((label) => markOf(text, label)).sort((a, b) => a.line - b.line || a.from - b.from);
  const lines = [`${arrow}:${line}:${column}`, bar];
  let last: number | undefined;
  for (const mark of marks) {
    if (mark.line !== last) {
      if (last !== undefined && mark.line > last + 1) lines.push(`${' '.repeat(gutter)} ${paint.blue(':')}`);
      const number = paint.blue(`${String(mark.line).padStart(gutter)} |`);
      lines.push(`${number} ${displayLine(lineText(text, mark.line)).text}`.trimEnd());
      last = mark.line;
    }
    const under = (mark.primary ? '^' : '-').repeat(mark.to - mark.from);
    const words = `${under}${mark.text === '' ? '' : ` ${printable(mark.text)}`}`;
    lines.push(`${bar} ${' '.repeat(mark.from)}${mark.primary ? tint(words) : paint.blue(words)}`);
  }
  return lines;
}

/** What is marked of the first line of the span; at least one column, so that the end of a line can be marked. */
function markOf(text: string, { span, text: words, primary }: Label & { readonly primary: boolean }): Mark {
  const start = lineAndColumn(text, span.start);
  const end = lineAndColumn(text, Math.max(span.end, span.start));
  const line = lineText(text, start.line);
  const { columns } = displayLine(line);
  const at = (column: number): number => columns[Math.min(column, columns.length) - 1] ?? 0;
  const from = at(start.column);
  const to = end.line === start.line ? at(end.column) : at(line.trimEnd().length + 1);
  return { line: start.line, from, to: Math.max(to, from + 1), text: words, primary };
}

/** Text that may have several lines; all but the first are indented. */
const indented = (text: string, indent: string): string =>
  text
    .split(/\r\n|\n|\r/)
    .map(printable)
    .join(`\n${indent}`);
