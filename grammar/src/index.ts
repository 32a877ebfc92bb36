export type * from './ast.js';
export { parse } from './parse.js';
export { type Formatted, format } from './print.js';
export { type TextMateGrammar, textMateGrammar } from './textmate.js';
export { type Token, tokenize } from './tokenize.js';
export { contextualKeywords, keywords, reservedKeywords } from './tokens.js';
