import { expect, expectTypeOf, test } from 'vitest';
import {
  type DiagnosticParameters,
  type MessageDefinition,
  messages,
  report,
  sortDiagnostics,
} from '../../../compiler/src/source/index.js';

const table = Object.entries(messages as Readonly<Record<string, MessageDefinition>>);

test('codes are unique, of four digits, and not those of the runtime', () => {
  const codes = table.map(([, { code }]) => code);
  expect(new Set(codes).size).toBe(codes.length);
  for (const code of codes) expect(code).toMatch(/^TFM[123469]\d{3}$/);
});

test.each(table)('%s reads well', (_, { title, message, help }) => {
  for (const text of [title, message, help ?? 'none']) {
    expect(text).toBe(text.trim());
    expect(text).not.toMatch(/\.$|\s{2}/);
    expect(text.replace(/\{\w+\}/g, '')).not.toMatch(/[{}]/);
  }
  expect(title).not.toContain('{');
});

const at = { file: 'a.tfm', span: { start: 0, end: 1 } };

test('parameters are put in as they are', () => {
  const diagnostic = report('unknown_name', { ...at, parameters: { name: '{suggestion}', suggestion: '$& {name}' } });
  expect(diagnostic).toMatchObject({
    code: 'TFM2001',
    severity: 'error',
    message: 'nothing here is called {suggestion}',
    help: 'did you mean $& {name}?',
  });
});

test('help without its parameter is left out, or replaced', () => {
  const parameters = { name: 'x', suggestion: undefined };
  expect(report('unknown_name', { ...at, parameters })).not.toHaveProperty('help');
  expect(report('unknown_name', { ...at, parameters, help: 'import it' }).help).toBe('import it');
});

test('a wrong name or a missing parameter is a type error', () => {
  expectTypeOf<DiagnosticParameters<'label_twice'>>().toMatchTypeOf<{ readonly label: string | number }>();
  expectTypeOf<DiagnosticParameters<'unknown_name'>>().toMatchTypeOf<{
    readonly suggestion: string | number | undefined;
  }>();
  // @ts-expect-error: `label` is missing
  const missing = report('label_twice', { ...at, parameters: {} });
  expect(missing.code).toBe('TFM4001');
  // @ts-expect-error: no such diagnostic
  expect(() => report('no_such_thing', { ...at, parameters: {} })).toThrow(TypeError);
});

test('sorted by file and place, said once', () => {
  const b = report('unused_let', { file: 'b.tfm', span: { start: 1, end: 2 }, parameters: { name: 'x' } });
  const late = report('unused_let', { file: 'a.tfm', span: { start: 10, end: 12 }, parameters: { name: 'y' } });
  const early = report('unused_let', { file: 'a.tfm', span: { start: 9, end: 12 }, parameters: { name: 'z' } });
  const worse = report('label_twice', { file: 'a.tfm', span: { start: 10, end: 12 }, parameters: { label: 'y' } });
  expect(sortDiagnostics([b, late, { ...late }, worse, early])).toStrictEqual([early, worse, late, b]);
});
