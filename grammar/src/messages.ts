import { EOF, type IParserErrorMessageProvider, type IToken, type TokenType, tokenMatcher } from 'chevrotain';
import * as t from './tokens.js';

/** What is wrong, in the words of the language's users, and the likely way out. */
export interface Advice {
  readonly message: string;
  readonly help?: string;
}

/** A token as it is called in a message. */
function describe(token: IToken): string {
  if (tokenMatcher(token, EOF) || Number.isNaN(token.startOffset)) return 'the end of the file';
  if (tokenMatcher(token, t.Text)) return `the text ${shorten(token.image)}`;
  if (tokenMatcher(token, t.Reserved)) return `the keyword \`${token.image}\``;
  return `\`${shorten(token.image)}\``;
}

const shorten = (text: string) => (text.length > 40 ? `${text.slice(0, 37)}…` : text);

/** The message for a token that fits nowhere. */
export function unexpected(expected: string, found: IToken, next: IToken | undefined): Advice {
  const message = `expected ${expected}, found ${describe(found)}`;
  const misplaced = expected.startsWith('a declaration') && statementWords.some((word) => tokenMatcher(found, word));
  const help = misplaced
    ? 'it stands inside a model or a block: look for a `}` too many before it'
    : strayHelp(found, next);
  return help === undefined ? { message } : { message, help };
}

export function missingComma(previous: IToken, found: IToken): string {
  return `expected \`,\` between ${describe(previous)} and ${describe(found)}`;
}

/** The keywords with which statements begin. */
export const statementWords = [
  t.Require,
  t.Input,
  t.Let,
  t.Output,
  t.Block,
  t.Fn,
  t.Mask,
  t.Score,
  t.Return,
  t.Generate,
  t.Train,
];

const foreign: Readonly<Record<string, string>> = {
  var: 'a value is named with `let`',
  const: 'a value is named with `let`',
  for: '`repeat(n, i) { … }` makes copies of a stage',
  while: '`repeat(n, i) { … }` makes copies of a stage',
  function: 'a function is declared with `fn`',
  def: 'a function is declared with `fn`, a layer with `block`',
  class: 'a layer is declared with `block`, a network with `model`',
  layer: 'a layer is declared with `block`',
  type: 'types stand behind inputs, outputs and streams: `input x: float[B, width]`',
};

const strayHelp = (found: IToken, next: IToken | undefined) =>
  Object.hasOwn(foreign, found.image) ? foreign[found.image] : adviceAt(found, next);

function adviceAt(found: IToken, next: IToken | undefined): string | undefined {
  if (found.image === ',' && next && statementWords.some((word) => tokenMatcher(next, word))) {
    return 'remove the `,`: each statement begins with a keyword';
  }
  if (found.image === '}') return 'remove this `}`, or look for a `{` that is missing before it';
  return Object.hasOwn(signAdvice, found.image) ? signAdvice[found.image] : undefined;
}

const signAdvice: Readonly<Record<string, string>> = {
  '=>': 'the parameters of a lambda stand in parentheses: `(x) => …`',
  '=': 'compare with `==`; `=` gives a value its name',
  '?': 'a choice is written `if condition then a else b`',
};

/** What a rule wants where none of its alternatives begins. */
const wanted: Readonly<Record<string, string>> = {
  arm: '`=>`',
  definition: '`=` or `{`',
  body: '`{`',
  stream: 'the name or the type of a stream',
  let: 'a name or `(`',
  if: '`then` or `{`',
  pathSegment: 'a name or `{`',
};

/** Closing signs of lists: a `,` would do as well. */
const lists = new Set([
  'arguments',
  'list',
  'record',
  'parameters',
  'import',
  'type',
  'match',
  'scan',
  'index',
  'parenthesized',
  'let',
]);

function wantedToken(rule: string, expected: TokenType): string {
  const label = expected.LABEL ?? expected.name;
  const closes = [t.RightParenthesis, t.RightBracket, t.RightBrace].includes(expected);
  return closes && lists.has(rule) ? `\`,\` or ${label}` : label;
}

/** Chevrotain's messages say only what was expected: `failure` makes the sentence, once the tokens around are known. */
export const messages: IParserErrorMessageProvider = {
  buildMismatchTokenMessage: ({ expected, ruleName }) => wantedToken(ruleName, expected),
  buildNotAllInputParsedMessage: () => 'a declaration',
  buildNoViableAltMessage: ({ ruleName }) => wanted[ruleName] ?? 'a value',
  buildEarlyExitMessage: ({ ruleName }) => wanted[ruleName] ?? 'a value',
};

interface Failure {
  readonly rule: string;
  readonly expected: string;
  readonly previous: IToken | undefined;
  readonly found: IToken;
  readonly next: IToken | undefined;
}

/** The sentence for a mistake that Chevrotain found, and the likely way out. */
export function failure({ rule, expected, previous, found, next }: Failure): Advice {
  const after = previous ? ` after ${describe(previous)}` : '';
  const message = `expected ${refined(expected, previous)}${after}, found ${describe(found)}`;
  const help = helpFor({ rule, expected, previous, found, next });
  return help === undefined ? { message } : { message, help };
}

function refined(expected: string, previous: IToken | undefined): string {
  const before = previous?.image ?? '';
  if (expected === 'a value') return before === '->' || before === '{' ? 'a stage' : expected;
  return [',', '(', '[', '{'].includes(before) ? expected.replace(/^`,`/, 'a value') : expected;
}

function helpFor({ rule, expected, previous, found, next }: Failure): string | undefined {
  const sign = found.image;
  const before = previous?.image ?? '';
  if (sign === '=' && (rule === 'arguments' || rule === 'field')) {
    return `an argument or field is named with \`:\`: \`${before}: …\``;
  }
  if (sign === ':' && rule === 'parameters') return `a default stands behind \`=\`: \`${before} = …\``;
  if (sign === ':' && rule === 'let') return 'only inputs, outputs and streams carry a type';
  if (sign === '->' && before === '->') return 'remove one `->`';
  if (sign === 'if' || sign === 'match') return `put the \`${sign}\` in parentheses`;
  if (expected === '`else`') return 'an `if` has both branches: where nothing is to be done, write `else identity`';
  if (expected !== 'a name') return sign === '=' || sign === '}' ? undefined : adviceAt(found, next);
  return tokenMatcher(found, t.Reserved) ? `\`${sign}\` is a keyword: choose another name` : undefined;
}
