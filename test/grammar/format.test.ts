import { readdirSync, readFileSync } from 'node:fs';
import { format, parse, tokenize } from '@tfm-lang/grammar';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { expectGolden, sketches, withoutSpans } from './kit.js';

const inputs = new URL('format/inputs/', import.meta.url);
const outputs = new URL('format/outputs/', import.meta.url);

const commentsOf = (text: string) => tokenize(text).filter(({ kind }) => kind === 'comment');
const commentTexts = (text: string) => commentsOf(text).map((comment) => comment.text.trimEnd());

/** The words and signs of a text and, for each comment, how many of them stand before it. */
function commentPlaces(text: string): string[] {
  const places: string[] = [];
  let before = 0;
  for (const token of tokenize(text)) {
    // The formatter leaves out a last comma: it does not count.
    if (token.kind === 'comment') places.push(`${before} ${token.text.trimEnd()}`);
    else if (token.text !== ',') before += 1;
  }
  return places;
}

function expectWellFormatted(text: string): void {
  const once = format(text);
  expect(once.mistakes).toEqual([]);
  const twice = format(once.text);
  expect(twice.text).toBe(once.text);
  expect(withoutSpans(parse(once.text).file)).toEqual(withoutSpans(parse(text).file));
  expect(commentPlaces(once.text)).toEqual(commentPlaces(text));
  expect(once.text).not.toMatch(/[ \t]$/m);
  expect(once.text).not.toMatch(/^\n|\n\n\n|\{\n\n|\n\n *\}/);
}

describe('scenarios', () => {
  it.each(readdirSync(inputs).sort())('%s', (name) => {
    const text = readFileSync(new URL(name, inputs), 'utf8');
    expectWellFormatted(text);
    expectGolden(new URL(name, outputs), format(text).text);
  });

  it('have an output for each input', () => {
    expect(readdirSync(outputs).sort()).toEqual(readdirSync(inputs).sort());
  });
});

describe('sketches', () => {
  it.each(sketches)('$name', ({ text }) => {
    expectWellFormatted(text);
    const wide = format(text)
      .text.split('\n')
      .filter((line) => line.length > 120 && !/^\s*"[^"]*"$/.test(line));
    expect(wide, 'only a text that stands alone may be wider than 120 columns').toEqual([]);
  });
});

describe('whatever the layout', () => {
  const sketch = fc.nat(sketches.length - 1).map((place) => sketches[place]?.text ?? '');
  const gaps = fc.array(fc.constantFrom(' ', '\n', '\n\n\n', '\t', '\r\n'), { minLength: 7, maxLength: 23 });

  it('the form is the same up to empty lines', () => {
    const property = fc.property(sketch, gaps, (text, blanks) => {
      const joined = joinTokens(text, (place) => blanks[place % blanks.length] ?? ' ');
      expectWellFormatted(joined);
      const dense = (formatted: string) => formatted.replace(/\n\n/g, '\n');
      expect(dense(format(joined).text)).toBe(dense(format(withoutComments(text)).text));
    });
    fc.assert(property, { numRuns: 40, seed: 4 });
  }, 60_000);

  it('comments stay between the same words', () => {
    const added = fc.array(
      fc.record({
        place: fc.nat(5000),
        own: fc.boolean(),
        blank: fc.boolean(),
        text: fc.constantFrom('// a', '/// b', '//', '// {"c" ->'),
      }),
      { minLength: 1, maxLength: 12 },
    );
    const property = fc.property(sketch, added, (text, comments) => {
      const count = tokenize(text).length;
      const byPlace = new Map(comments.map((comment) => [comment.place % count, comment]));
      const commented = joinTokens(text, (place) => {
        const comment = byPlace.get(place);
        if (!comment) return place % 9 === 0 ? '\n' : ' ';
        return `${comment.own ? '\n' : ' '}${comment.text}\n${comment.blank ? '\n\n' : ''}`;
      });
      expect(commentTexts(commented)).toHaveLength(byPlace.size);
      expectWellFormatted(commented);
    });
    fc.assert(property, { numRuns: 150, seed: 5 });
  }, 120_000);
});

const withoutComments = (text: string) => joinTokens(text, () => ' ');

/** The words and signs of a text, without its comments, and with other gaps between them. */
function joinTokens(text: string, gap: (place: number) => string): string {
  return tokenize(text)
    .filter(({ kind }) => kind !== 'comment')
    .map((token, place) => token.text + gap(place))
    .join('');
}

describe('at the edges', () => {
  it('a text with mistakes comes back as it is', () => {
    const text = 'model M {\n    let a = \n}';
    expect(format(text)).toMatchObject({ text, mistakes: [{ message: 'expected a value after `=`, found `}`' }] });
  });

  it.each([
    ['nothing', '', ''],
    ['blanks', ' \n\n', ''],
    ['only comments', '\n// a\n\n\n// b', '// a\n\n// b\n'],
    ['Windows line ends', 'fn f(x) = x\r\n\r\n\r\nfn g(x) = x\r\n', 'fn f(x) = x\n\nfn g(x) = x\n'],
    ['a byte order mark', '\uFEFFfn f(x) = x', 'fn f(x) = x\n'],
    ['empty braces', 'model M\n{\n\n}', 'model M {}\n'],
    ['a comment in empty braces', 'model M { // a\n\n// b\n}', 'model M { // a\n  // b\n}\n'],
  ])('%s', (_, text, expected) => {
    expect(format(text)).toEqual({ text: expected, mistakes: [] });
  });
});
