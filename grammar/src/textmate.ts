import type { TokenType } from 'chevrotain';
import { Comment, contextualKeywords, Numeral, operators, reservedKeywords } from './tokens.js';

interface Pattern {
  readonly name?: string;
  readonly match?: string;
  readonly begin?: string;
  readonly end?: string;
  readonly captures?: Readonly<Record<string, { readonly name: string }>>;
  readonly patterns?: readonly Pattern[];
}

/** A TextMate grammar, as editors and highlighters read it from JSON. */
export interface TextMateGrammar {
  readonly name: string;
  readonly scopeName: string;
  readonly fileTypes: readonly string[];
  readonly patterns: readonly Pattern[];
}

const source = (token: TokenType): string =>
  token.PATTERN instanceof RegExp ? token.PATTERN.source : escaped(String(token.PATTERN));
const escaped = (text: string) => text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
const anyOf = (words: readonly string[]) => `(?:${words.map(escaped).join('|')})`;
const name = '[A-Za-z_][A-Za-z0-9_]*';

/** The TextMate grammar of the language, made from the lexer's own tokens. */
export function textMateGrammar(): TextMateGrammar {
  return {
    name: 'tfm',
    scopeName: 'source.tfm',
    fileTypes: ['tfm'],
    patterns: [
      { name: 'comment.line.documentation.tfm', match: `/${source(Comment)}` },
      { name: 'comment.line.double-slash.tfm', match: source(Comment) },
      text(),
      ...declarations(),
      { name: 'constant.numeric.tfm', match: `\\b${source(Numeral)}` },
      { name: 'constant.language.tfm', match: `\\b${anyOf(['true', 'false', 'none', 'self', 'all', 'identity'])}\\b` },
      // A label or the name of an argument or field may be a keyword, and is none.
      { match: `\\b(as)\\s+(${name})`, captures: { 1: { name: 'keyword.tfm' }, 2: { name: 'entity.name.label.tfm' } } },
      { name: 'variable.parameter.tfm', match: `\\b${name}(?=\\s*:)` },
      { name: 'variable.other.member.tfm', match: `(?<=\\.)${name}` },
      { name: 'keyword.tfm', match: `\\b${anyOf(reservedKeywords)}\\b` },
      { name: 'keyword.other.tfm', match: `\\b${anyOf(contextualKeywords)}\\b(?=\\s+["\\w(-])` },
      { name: 'entity.name.function.tfm', match: `\\b${name}(?=\\()` },
      { name: 'keyword.operator.tfm', match: anyOf(operators) },
    ],
  };
}

/** A text in quotes, with `{name}` parts as checkpoint templates and messages have them. */
function text(): Pattern {
  return {
    ...{ name: 'string.quoted.double.tfm', begin: '"', end: '"|$' },
    patterns: [
      { name: 'constant.character.escape.tfm', match: '\\\\(?:u\\{[0-9A-Fa-f]+\\}|.)' },
      { name: 'constant.other.placeholder.tfm', match: '\\{[^}"]*\\}' },
    ],
  };
}

/** A keyword and the name that it declares. */
function declarations(): Pattern[] {
  const declaring = (words: readonly string[], scope: string): Pattern => ({
    match: `\\b(${words.join('|')})\\s+(${name})`,
    captures: { 1: { name: 'keyword.tfm' }, 2: { name: scope } },
  });
  return [
    declaring(['model', 'block', 'preset'], 'entity.name.type.tfm'),
    declaring(['fn', 'mask', 'score'], 'entity.name.function.tfm'),
    declaring(['input', 'let', 'output', 'checkpoint'], 'variable.other.tfm'),
  ];
}
