import type { IToken } from 'chevrotain';
import { tokenMatcher } from 'chevrotain';
import type { Span } from './ast.js';
import { Comment, endOf, lexer, Name, Numeral, Reserved, Text } from './tokens.js';

/** One word, sign or comment. */
export interface Token {
  /** `keyword`: reserved; a keyword that matters only in its own place is a `name`. */
  readonly kind: 'keyword' | 'name' | 'number' | 'string' | 'comment' | 'sign';
  readonly text: string;
  readonly span: Span;
}

/** The words, signs and comments of a text in their order, whether or not they make sense together. Never throws. */
export function tokenize(text: string): Token[] {
  const { tokens, groups } = lexer.tokenize(text);
  const comments = groups.comments ?? [];
  return [...tokens, ...comments]
    .sort((a, b) => a.startOffset - b.startOffset)
    .map((token) => ({
      kind: kindOf(token),
      text: token.image,
      span: { start: token.startOffset, end: endOf(token) },
    }));
}

function kindOf(token: IToken): Token['kind'] {
  if (token.tokenType === Comment) return 'comment';
  if (tokenMatcher(token, Reserved)) return 'keyword';
  if (tokenMatcher(token, Name)) return 'name';
  if (tokenMatcher(token, Numeral)) return 'number';
  return tokenMatcher(token, Text) ? 'string' : 'sign';
}
