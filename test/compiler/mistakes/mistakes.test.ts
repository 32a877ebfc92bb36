import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { messages } from '../../../compiler/src/source/index.js';
import { standardLibrary } from '../../../compiler/src/std.gen.js';
import { diagnose, goldenOf, hostWith, mistakeCases, rendered } from './cases.js';

/** Golden files: `UPDATE_GOLDEN=1` writes them. */
function expectGolden(file: URL, actual: string): void {
  if (process.env.UPDATE_GOLDEN === '1') writeFileSync(file, actual);
  expect(existsSync(file), `${file.pathname} is missing: run with UPDATE_GOLDEN=1`).toBe(true);
  expect(actual).toBe(readFileSync(file, 'utf8'));
}

describe('what the compiler says of a spec with mistakes', () => {
  it.each(mistakeCases)('%s', (name) => {
    const told = rendered(name);
    expect(told).not.toBe('');
    expectGolden(goldenOf(name), told);
  });

  it.each(mistakeCases)('%s: each mistake has a place in its file, and is told once', (name) => {
    const host = hostWith();
    const places = diagnose(name).map(({ file, span, labels, code }) => {
      for (const place of [{ file, span }, ...labels]) {
        const text = standardLibrary[place.file] ?? host.read(place.file) ?? '';
        expect(place.span.start).toBeGreaterThanOrEqual(0);
        expect(place.span.end).toBeGreaterThan(place.span.start);
        expect(place.span.end).toBeLessThanOrEqual(text.length);
      }
      expect(Object.hasOwn(standardLibrary, file), 'the place is in a file of the user').toBe(false);
      return `${file}:${span.start} ${code}`;
    });
    expect(new Set(places).size).toBe(places.length);
  });

  it('every code of the language has a case', () => {
    const told = new Set(mistakeCases.flatMap((name) => diagnose(name).map(({ code }) => code)));
    const all = Object.values(messages).map(({ code }) => code as string);
    const codes = all.filter((code) => /^TFM[1-4]/.test(code)).sort();
    expect(codes.filter((code) => !told.has(code as never))).toEqual([]);
    expect(codes.length).toBeGreaterThan(100);
  });

  it('there are at least 80 cases, and no golden file without one', () => {
    expect(mistakeCases.length).toBeGreaterThanOrEqual(80);
    const files = readdirSync(new URL('./', import.meta.url)).filter((name) => name.endsWith('.txt'));
    expect(files.map((name) => name.replace(/\.txt$/, '')).sort()).toEqual(mistakeCases);
  });
});

describe('the sample of the language notes, to the letter', () => {
  it('TFM2004', () => {
    expect(rendered('shapes-branch')).toBe(
      [
        'error[TFM2004]: these two shapes cannot be added',
        '  --> shapes-branch.tfm:16:8',
        '   |',
        '16 |     -> residual { layer_norm -> linear(512) }',
        '   |        ^^^^^^^^ input is float[B, T, width = 768]',
        '   |                                 ----------- output is float[B, T, 512]',
        '   = help: end the branch with linear(width)',
        '   = see: tfm help TFM2004',
        '',
      ].join('\n'),
    );
  });
});
