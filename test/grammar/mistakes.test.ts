import { parse, type SyntaxMistake } from '@tfm-lang/grammar';
import { describe, expect, it } from 'vitest';
import { expectGolden } from './kit.js';
import { mistakeCases } from './mistake-cases.js';

/** A mistake as a code frame: its line, with the place marked, and what is said about it. */
function frame(text: string, { span, message, help }: SyntaxMistake): string {
  const before = text.slice(0, span.start).split('\n');
  const line = text.split('\n')[before.length - 1] ?? '';
  const column = before.at(-1)?.length ?? 0;
  const length = Math.max(1, Math.min(span.end - span.start, line.length - column));
  const place = `${String(before.length).padStart(3)} | `;
  const mark = `${' '.repeat(place.length + column)}${'^'.repeat(length)} ${message}`;
  return `${place}${line}\n${mark}\n${help === undefined ? '' : `      help: ${help}\n`}`;
}

describe('mistakes', () => {
  it('are told as in the golden file', () => {
    const told = Object.entries(mistakeCases).map(([name, text]) => {
      const { mistakes } = parse(text);
      return `## ${name}\n${mistakes.map((mistake) => frame(text, mistake)).join('')}`;
    });
    expectGolden(new URL('mistakes.golden.txt', import.meta.url), told.join('\n'));
  });

  it.each(Object.entries(mistakeCases))('%s is found, and nothing follows from it', (_, text) => {
    const { mistakes } = parse(text);
    expect(mistakes.length).toBeGreaterThan(0);
    const places = text.split('\n').length + (text.match(/,|\+|=|&&|\|\||[123]/g)?.length ?? 0);
    expect(mistakes.length).toBeLessThanOrEqual(places);
  });
});

describe('what stands around a mistake is read', () => {
  const statementsOf = (text: string) => {
    const { file, mistakes } = parse(text);
    const model = file.declarations[0];
    const statements = model?.kind === 'model' ? model.statements : [];
    return { count: mistakes.length, names: statements.map((s) => (s.kind === 'let' ? s.names[0]?.name : s.kind)) };
  };

  it.each([
    ['an operand left out', 'let a = 1\nlet b = 2 *\nlet c = 3', ['a', 'b', 'c']],
    ['a parenthesis left open', 'let a = f(1\nlet b = 2', ['a', 'b']],
    ['a statement without `=`', 'let a = 1\nlet b 2\nlet c = 3', ['a', 'b', 'c']],
    ['words without a keyword', 'let a = 1\nlayer b { c { d } }\nlet c = 3', ['a', 'c']],
    ['an arm without an arrow', 'let a = match i { 0 b, _ => c }\nlet d = 1', ['a', 'd']],
    ['a field without a value', 'let a = {q: , k: 2}\nlet b = residual { {q} }\nlet c = 3', ['a', 'b', 'c'], 2],
    ['a stray brace in a stage', 'let a = residual { x -> } \nlet b = 1', ['a', 'b']],
  ])('%s', (_, statements, names, count = 1) => {
    expect(statementsOf(`model M {\n${statements}\n}`)).toEqual({ count, names });
  });

  it('three mistakes in one file are three mistakes', () => {
    const { mistakes, file } = parse(
      'fn f(x) = x +\nmodel M {\n  let a = (1\n  output b = a -> -> c\n}\npreset P = M()\n',
    );
    expect(mistakes.map(({ message }) => message)).toEqual([
      'expected a value after `+`, found the keyword `model`',
      'expected `,` or `)` after `1`, found the keyword `output` (the `(` of line 3 is open)',
      'expected a stage after `->`, found `->`',
    ]);
    expect(file.declarations.map(({ name }) => name.name)).toEqual(['f', 'M', 'P']);
  });
});
