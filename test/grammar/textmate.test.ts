import { contextualKeywords, keywords, reservedKeywords, textMateGrammar, tokenize } from '@tfm-lang/grammar';
import { describe, expect, it } from 'vitest';
import { sketches } from './kit.js';

const { patterns, ...head } = textMateGrammar();

/** What an editor does with one line: at each place the pattern that matches first, by place and then by order. */
function scopes(line: string): [text: string, scope: string][] {
  const found: [string, string][] = [];
  let place = 0;
  while (place < line.length) {
    let best: { match: RegExpExecArray; scopes: [string, string][] } | undefined;
    for (const { name, match, begin, end, captures } of patterns) {
      const source = match ?? `${begin}(?:[^"\\\\]|\\\\.)*(?:${end})`;
      const expression = new RegExp(source, 'g');
      expression.lastIndex = place;
      const result = expression.exec(line);
      if (!result || result[0] === '' || (best && best.match.index <= result.index)) continue;
      const parts = Object.entries(captures ?? { 0: { name: name ?? '' } });
      best = { match: result, scopes: parts.map(([group, part]) => [result[Number(group)] ?? '', part.name]) };
    }
    if (!best) break;
    found.push(...best.scopes);
    place = best.match.index + best.match[0].length;
  }
  return found;
}

describe('TextMate grammar', () => {
  it('is plain JSON for .tfm files', () => {
    expect(JSON.parse(JSON.stringify(textMateGrammar()))).toEqual(textMateGrammar());
    expect(head).toEqual({ name: 'tfm', scopeName: 'source.tfm', fileTypes: ['tfm'] });
  });

  it.each<[string, [string, string][]]>([
    ['/// a model', [['/// a model', 'comment.line.documentation.tfm']]],
    ['a // b', [['// b', 'comment.line.double-slash.tfm']]],
    [
      'model Gpt2(width = 7.5e-1) {',
      [
        ['model', 'keyword.tfm'],
        ['Gpt2', 'entity.name.type.tfm'],
        ['=', 'keyword.operator.tfm'],
        ['7.5e-1', 'constant.numeric.tfm'],
      ],
    ],
    [
      'let q = x -> linear(4, mask: none) as repeat',
      [
        ['let', 'keyword.tfm'],
        ['q', 'variable.other.tfm'],
        ['=', 'keyword.operator.tfm'],
        ['->', 'keyword.operator.tfm'],
        ['linear', 'entity.name.function.tfm'],
        ['4', 'constant.numeric.tfm'],
        ['mask', 'variable.parameter.tfm'],
        ['none', 'constant.language.tfm'],
        ['as', 'keyword.tfm'],
        ['repeat', 'entity.name.label.tfm'],
      ],
    ],
    [
      'wte = "a.{i}" also "b"',
      [
        ['=', 'keyword.operator.tfm'],
        ['"a.{i}"', 'string.quoted.double.tfm'],
        ['also', 'keyword.other.tfm'],
        ['"b"', 'string.quoted.double.tfm'],
      ],
    ],
  ])('%s', (line, expected) => {
    expect(scopes(line)).toEqual(expected);
  });

  it.each(reservedKeywords)('%s is a keyword', (word) => {
    const [found] = scopes(` ${word} `).filter(([text]) => text === word);
    expect(found?.[1]).toMatch(/^(?:keyword|constant\.language)/);
  });
});

describe('keywords', () => {
  it('are all there, and each once', () => {
    expect(new Set(keywords).size).toBe(keywords.length);
    expect(keywords).toEqual([...reservedKeywords, ...contextualKeywords]);
    expect(contextualKeywords).toEqual(expect.arrayContaining(['mask', 'score', 'pad', 'of', 'when', 'was']));
  });
});

describe('tokenize', () => {
  it.each(sketches)('$name: tokens and the blanks between them are the text', ({ text }) => {
    let end = 0;
    for (const token of tokenize(text)) {
      expect(text.slice(end, token.span.start)).toMatch(/^\s*$/);
      expect(text.slice(token.span.start, token.span.end)).toBe(token.text);
      end = token.span.end;
    }
    expect(text.slice(end)).toMatch(/^\s*$/);
  });

  it('tells kinds apart', () => {
    expect(tokenize('let mask = f(1.5, "a") // b').map(({ kind }) => kind)).toEqual([
      ...(['keyword', 'name', 'sign', 'name', 'sign', 'number', 'sign', 'string', 'sign', 'comment'] as const),
    ]);
  });
});
