import type { Span } from '@tfm-lang/grammar';
import {
  type DiagnosticName,
  type DiagnosticParameters,
  type MessageDefinition,
  messages,
  type ParameterValue,
  type Severity,
} from './messages.js';

/** Another place that a diagnostic is about, and what is there. */
export interface Label {
  readonly file: string;
  readonly span: Span;
  readonly text: string;
}

/** A mistake of the user, or a warning: a value, never an exception. */
export interface Diagnostic {
  readonly code: MessageDefinition['code'];
  readonly name: DiagnosticName;
  readonly severity: Severity;
  readonly message: string;
  /** The file as the user knows it: the path given to the compiler, or `std/layers`. */
  readonly file: string;
  readonly span: Span;
  /** What stands beside the marked place, where more than one place is marked. */
  readonly label?: string;
  readonly labels: readonly Label[];
  readonly help?: string;
  readonly notes: readonly string[];
}

export interface Report<N extends DiagnosticName> {
  readonly file: string;
  readonly span: Span;
  readonly parameters: DiagnosticParameters<N>;
  readonly label?: string;
  readonly labels?: readonly Label[];
  readonly notes?: readonly string[];
  /** In the place of the table's help, where the likely fix is better known. */
  readonly help?: string;
}

/** Makes a diagnostic of the table. A wrong name and a missing parameter are type errors. */
export function report<N extends DiagnosticName>(name: N, about: Report<N>): Diagnostic {
  const definition: MessageDefinition = messages[name];
  const parameters: Parameters = about.parameters;
  const help = about.help ?? fillHelp(definition.help, parameters);
  return {
    code: definition.code,
    name,
    severity: definition.severity,
    message: fill(definition.message, parameters),
    file: about.file,
    span: about.span,
    ...(about.label !== undefined && { label: about.label }),
    labels: about.labels ?? [],
    ...(help !== undefined && { help }),
    notes: about.notes ?? [],
  };
}

type Parameters = Readonly<Record<string, ParameterValue | undefined>>;

const placeholder = /\{(\w+)\}/g;

/** Values are put in as they are: braces in them are not parameters. */
function fill(template: string, parameters: Parameters): string {
  return template.replace(placeholder, (_, name: string) => String(parameters[name] ?? ''));
}

function fillHelp(template: string | undefined, parameters: Parameters): string | undefined {
  if (template === undefined) return undefined;
  const known = [...template.matchAll(placeholder)].every(([, name]) => parameters[name ?? ''] !== undefined);
  return known ? fill(template, parameters) : undefined;
}

/** By file, place, severity and code; what is said twice of one place is said once. */
export function sortDiagnostics(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
  const sorted = [...diagnostics].sort(
    (a, b) =>
      compare(a.file, b.file) ||
      a.span.start - b.span.start ||
      compare(a.severity, b.severity) ||
      compare(a.code, b.code) ||
      a.span.end - b.span.end ||
      compare(a.message, b.message),
  );
  const said = new Set<string>();
  return sorted.filter((d) => {
    const key = JSON.stringify([d.file, d.span.start, d.span.end, d.code, d.message]);
    return !said.has(key) && said.add(key);
  });
}

export function hasErrors(diagnostics: readonly Diagnostic[]): boolean {
  return diagnostics.some((d) => d.severity === 'error');
}
