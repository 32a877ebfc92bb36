import { expect, test } from 'vitest';
import {
  type Diagnostic,
  renderDiagnostic,
  renderDiagnostics,
  report,
  toGitHub,
  toJson,
} from '../../../compiler/src/source/index.js';

const spec = `model M(width = 768) {
  input x: float[B, T, width]
  output y = x ->
    residual { layer_norm -> linear(512) }
}
`;

const reader =
  (files: Readonly<Record<string, string>>) =>
  (file: string): string | undefined =>
    files[file];

const spanOf = (text: string, part: string): { start: number; end: number } => {
  const start = text.indexOf(part);
  if (start < 0) throw new Error(`no ${part}`);
  return { start, end: start + part.length };
};

const sample: Diagnostic = report('shapes_do_not_fit', {
  file: 'gpt2.tfm',
  span: spanOf(spec, 'residual'),
  label: 'input is float[B, T, width = 768]',
  labels: [{ file: 'gpt2.tfm', span: spanOf(spec, 'linear(512)'), text: 'output is float[B, T, 512]' }],
  parameters: { verb: 'added', fix: 'end the branch with linear(width)' },
});

test('two places of one line', () => {
  expect(renderDiagnostic(sample, { read: reader({ 'gpt2.tfm': spec }) })).toBe(
    `error[TFM2004]: these two shapes cannot be added
 --> gpt2.tfm:4:5
  |
4 |     residual { layer_norm -> linear(512) }
  |     ^^^^^^^^ input is float[B, T, width = 768]
  |                              ----------- output is float[B, T, 512]
  = help: end the branch with linear(width)
  = see: tfm help TFM2004`,
  );
});

test('several lines and files, a wide gutter, a gap', () => {
  const long = `${'\n'.repeat(8)}block F from x: float[.., d] =\n  x\n\n  -> linear(d)\n`;
  const diagnostic = report('dimension_mismatch', {
    file: 'a.tfm',
    span: spanOf(long, 'linear(d)'),
    labels: [
      { file: 'std/layers', span: { start: 6, end: 7 }, text: 'd is bound here' },
      { file: 'a.tfm', span: spanOf(long, 'float[.., d]'), text: 'd is width here' },
    ],
    parameters: { name: 'd', expected: 'width', found: 512, fix: undefined },
    notes: ['this was found in preset Big'],
  });
  expect(renderDiagnostic(diagnostic, { read: reader({ 'a.tfm': long, 'std/layers': 'block d\n' }) })).toBe(
    `error[TFM2201]: d is width here, but 512 is given
  --> a.tfm:12:6
   |
 9 | block F from x: float[.., d] =
   |                 ------------ d is width here
   :
12 |   -> linear(d)
   |      ^^^^^^^^^
  --> std/layers:1:7
   |
 1 | block d
   |       - d is bound here
   = note: this was found in preset Big
   = see: tfm help TFM2201`,
  );
});

const marked: readonly [string, string, string, string, string][] = [
  ['tabs', '\tlet a = b', 'b', '    let a = b', '            ^'],
  ['wide characters', '// 模型 b', 'b', '// 模型 b', '        ^'],
  ['an emoji of several units', '// 👩‍👧 b', 'b', '// 👩‍👧 b', '      ^'],
  ['a combining accent', '// e\u0301 b', 'b', '// e\u0301 b', '     ^'],
  ['control characters', 'a\u001B[31m b', 'b', 'a\uFFFD[31m b', '       ^'],
];

test.each(marked)('%s', (_, line, part, shown, under) => {
  const diagnostic = report('unused_let', { file: 'a.tfm', span: spanOf(line, part), parameters: { name: 'b' } });
  const lines = renderDiagnostic(diagnostic, { read: reader({ 'a.tfm': line }) }).split('\n');
  expect(lines.slice(3, 5)).toStrictEqual([`1 | ${shown}`, `  | ${under}`]);
});

const places: readonly [string, string, { start: number; end: number }, string][] = [
  ['the end of the file', 'ab', { start: 2, end: 2 }, '1 | ab\n  |   ^'],
  ['an empty file', '', { start: 0, end: 0 }, '1 |\n  | ^'],
  ['a span over lines', 'ab {  \ncd\n}', { start: 1, end: 11 }, '1 | ab {\n  |  ^^^'],
  ['outside the text', 'ab', { start: 90, end: 95 }, '1 | ab\n  |   ^'],
  ['carriage returns', 'ab\r\ncd\r\n', { start: 4, end: 6 }, '2 | cd\n  | ^^'],
];

test.each(places)('%s', (_, text, span, expected) => {
  const diagnostic = report('unused_let', { file: 'a.tfm', span, parameters: { name: 'b' } });
  expect(renderDiagnostic(diagnostic, { read: reader({ 'a.tfm': text }) })).toContain(`\n${expected}\n`);
});

test('a file that cannot be read', () => {
  const diagnostic = report('file_not_found', {
    file: 'x.tfm',
    span: { start: 0, end: 0 },
    parameters: { path: 'x.tfm', suggestion: 'y.tfm' },
  });
  expect(renderDiagnostic(diagnostic, { read: () => undefined })).toBe(
    'error[TFM6001]: cannot read x.tfm\n --> x.tfm\n  = help: did you mean y.tfm?\n  = see: tfm help TFM6001',
  );
});

test('texts of several lines', () => {
  const diagnostic = { ...sample, message: 'one\ntwo', help: 'three\nfour', labels: [], notes: ['\u001B[2J'] };
  const rendered = renderDiagnostic(diagnostic, { read: () => spec });
  expect(rendered).toContain('error[TFM2004]: one\n  two\n');
  expect(rendered).toContain('\n  = help: three\n      four\n  = note: \uFFFD[2J\n');
});

test('colours only when asked for', () => {
  const read = reader({ 'gpt2.tfm': spec });
  expect(renderDiagnostics([sample], { read })).not.toContain('\u001B');
  const coloured = renderDiagnostics([sample], { read, colors: true });
  expect(coloured).toContain('\u001B[31m');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: colour codes begin with ESC
  expect(coloured.replace(/\u001B\[\d+m/g, '')).toBe(renderDiagnostics([sample], { read }));
});

test('JSON', () => {
  expect(toJson([sample], reader({ 'gpt2.tfm': spec }))).toStrictEqual({
    version: 1,
    errors: 1,
    warnings: 0,
    diagnostics: [
      {
        code: 'TFM2004',
        name: 'shapes_do_not_fit',
        severity: 'error',
        message: 'these two shapes cannot be added',
        file: 'gpt2.tfm',
        label: 'input is float[B, T, width = 768]',
        help: 'end the branch with linear(width)',
        notes: [],
        range: { start: { line: 4, column: 5, offset: 75 }, end: { line: 4, column: 13, offset: 83 } },
        labels: [
          {
            file: 'gpt2.tfm',
            text: 'output is float[B, T, 512]',
            range: { start: { line: 4, column: 30, offset: 100 }, end: { line: 4, column: 41, offset: 111 } },
          },
        ],
      },
    ],
  });
});

test('GitHub annotations', () => {
  expect(toGitHub([{ ...sample, file: 'a,b:c.tfm', message: '100 %\nwrong' }], () => spec)).toBe(
    '::error file=a%2Cb%3Ac.tfm,line=4,endLine=4,col=5,endColumn=13,title=TFM2004::100 %25%0Awrong%0Ahelp: end the branch with linear(width)\n',
  );
});
