import { parse, tokenize } from '@tfm-lang/grammar';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sketches, spansOf } from './kit.js';

function expectSound(text: string): void {
  const { file, mistakes } = parse(text);
  for (const { start, end } of [...spansOf(file), ...mistakes.map(({ span }) => span)]) {
    if (!(start >= 0 && start <= end && end <= text.length)) {
      throw new Error(
        `the place ${start} to ${end} lies outside of the ${text.length} characters of ${JSON.stringify(text)}`,
      );
    }
  }
  for (const { message } of mistakes) expect(message).toMatch(/^.{8,400}$/s);
  const starts = mistakes.map(({ span }) => span.start);
  expect(new Set(starts).size, 'one mistake for each place').toBe(starts.length);
}

const words = [...new Set(sketches.flatMap(({ text }) => tokenize(text).map((token) => token.text)))];
const strays = [
  ';',
  '#',
  '@',
  '"',
  "'",
  '\\',
  '/*',
  '//',
  ':=',
  '&&',
  '!',
  '1_0',
  '.5',
  'é',
  '😀',
  '\u0000',
  '\r\n',
  '((((',
  '}}',
];

/** A sketch with some of its tokens removed, doubled, swapped, or replaced by others. */
const mutated = fc
  .record({
    sketch: fc.nat(sketches.length - 1),
    edits: fc.array(
      fc.record({
        place: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        action: fc.constantFrom('remove', 'insert', 'replace', 'double', 'cut'),
        word: fc.oneof(fc.constantFrom(...words), fc.constantFrom(...strays)),
      }),
      { minLength: 1, maxLength: 4 },
    ),
  })
  .map(({ sketch, edits }) => {
    let text = sketches[sketch]?.text ?? '';
    for (const { place, action, word } of edits) {
      const tokens = tokenize(text);
      const token = tokens[Math.floor(place * tokens.length)];
      if (!token) continue;
      const { start, end } = token.span;
      const [before, after] = [text.slice(0, start), text.slice(end)];
      if (action === 'remove') text = before + after;
      else if (action === 'insert') text = `${before}${word} ${token.text}${after}`;
      else if (action === 'replace') text = before + word + after;
      else if (action === 'double') text = `${before}${token.text} ${token.text}${after}`;
      else text = before;
    }
    return text;
  });

describe('whatever the text, parsing gives a tree and mistakes inside the text', () => {
  it('for mutations of the sketches', () => {
    fc.assert(fc.property(mutated, expectSound), { numRuns: 1000, seed: 1 });
  }, 120_000);

  it('for any characters', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 200 }), expectSound), { numRuns: 500, seed: 2 });
  });

  it('for any order of the words of the language', () => {
    const soup = fc.array(fc.constantFrom(...words, ...strays), { maxLength: 80 }).map((parts) => parts.join(' '));
    fc.assert(fc.property(soup, expectSound), { numRuns: 500, seed: 3 });
  }, 60_000);
});

describe('deep nesting is a mistake', () => {
  const many = 10_000;
  it.each([
    ['(', `${'('.repeat(many)}1${')'.repeat(many)}`],
    ['( left open', '('.repeat(many)],
    ['[', `${'['.repeat(many)}1${']'.repeat(many)}`],
    ['{', `${'{a: '.repeat(many)}1${'}'.repeat(many)}`],
    ['residual', `${'residual { '.repeat(many)}x${' }'.repeat(many)}`],
    ['repeat', `${'repeat(2) { '.repeat(many)}x${' }'.repeat(many)}`],
    ['call', `${'f('.repeat(many)}1${')'.repeat(many)}`],
    ['index', `${'f['.repeat(many)}1${']'.repeat(many)}`],
    ['if', `${'if a then b else '.repeat(many)}c`],
    ['if with braces', `${'if a { b } else '.repeat(many)}{ c }`],
    ['lambda', `${'(a) => '.repeat(many)}c`],
    ['body', `${'(a) => { return '.repeat(many)}c${' }'.repeat(many)}`],
    ['match', `${'match a { _ => '.repeat(many)}c${' }'.repeat(many)}`],
    ['-', `${'-'.repeat(many)}1`],
    ['not', `${'not '.repeat(many)}a`],
    ['+', `1${' + 1'.repeat(many)}`],
    ['**', `1${' ** 1'.repeat(many)}`],
    ['member', `a${'.b'.repeat(many)}`],
    ['calls in a row', `a${'(b)'.repeat(many)}`],
  ])('%s', (_, value) => {
    const text = `model M {\n let a = ${value}\n}\n`;
    const { file, mistakes } = parse(text);
    expect(mistakes.map(({ message }) => message)).toEqual(['this is nested too deeply']);
    expect(file.declarations).toEqual([]);
    expectSound(text);
  });

  it.each([
    ['blocks in blocks', `${'block B from x { '.repeat(many)}return x${' }'.repeat(many)}`],
    ['models in models', `${'model M { '.repeat(many)}${' }'.repeat(many)}`],
    ['braces', '{'.repeat(many)],
    ['closing braces', '}'.repeat(many)],
    ['closing parentheses', `model M { let a = ${')'.repeat(many)} }`],
    ['arrows', `model M { let a = b${' ->'.repeat(1000)} }`],
    ['commas', `model M { let a = f(${','.repeat(many)}) }`],
    ['keywords', 'let '.repeat(many)],
    ['names', 'a '.repeat(many)],
    ['quotes', '"'.repeat(many)],
  ])('%s', (_, text) => {
    expectSound(text);
    expect(parse(text).mistakes.length).toBeGreaterThan(0);
  });

  it('and forty parentheses are none', () => {
    expect(parse(`model M { let a = ${'('.repeat(40)}1${')'.repeat(40)} }`).mistakes).toEqual([]);
  });
});

describe('a file of 10,000 lines', () => {
  const copies = (count: number) =>
    Array.from({ length: count }, (_, copy) => (sketches[3]?.text ?? '').replaceAll('Gpt2', `Gpt${copy}`)).join('\n');

  it('parses without a mistake, in time that grows with its length', () => {
    const lines = copies(1).split('\n').length;
    const text = copies(Math.ceil(10_000 / lines));
    const started = performance.now();
    const { file, mistakes } = parse(text);
    const elapsed = performance.now() - started;
    expect(mistakes).toEqual([]);
    expect(file.declarations).toHaveLength(Math.ceil(10_000 / lines) * 2);
    const tokens = tokenize(text).length;
    process.stderr.write(`${tokens} tokens in ${elapsed.toFixed(0)} ms\n`);
  });

  it('with a mistake in each statement, all are found', () => {
    const text = `model M {\n${'  let a = linear(4 -> \n'.repeat(2000)}}\n`;
    expect(parse(text).mistakes).toHaveLength(2000);
  });
});
