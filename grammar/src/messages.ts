import { EOF, type IParserErrorMessageProvider, type IToken, type TokenType, tokenMatcher } from 'chevrotain';
import * as t from './tokens.js';

/** What is wrong, in the words of the language's users, and the likely way out. */
export interface Advice {
  readonly message: string;
  readonly help?: string;
}

/** A token as it is called in a message. */
export function describe(token: IToken): string {
  if (tokenMatcher(token, EOF) || Number.isNaN(token.startOffset)) return 'the end of the file';
  if (tokenMatcher(token, t.Text)) return `the text ${shorten(token.image)}`;
  if (tokenMatcher(token, t.Reserved)) return `the keyword \`${token.image}\``;
  return `\`${shorten(token.image)}\``;
}

const shorten = (text: string) => (text.length > 40 ? `${text.slice(0, 37)}…` : text);

/** The message for a token that fits nowhere. */
export function unexpected(expected: string, found: IToken, next: IToken | undefined): Advice {
  const message = `expected ${expected}, found ${describe(found)}`;
  const help = adviceAt(found, next);
  return help === undefined ? { message } : { message, help };
}

export function missingComma(previous: IToken, found: IToken): string {
  return `expected \`,\` between ${describe(previous)} and ${describe(found)}`;
}

const statementWords = [
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

function adviceAt(found: IToken, next: IToken | undefined): string | undefined {
  if (found.image === ',' && next && statementWords.some((word) => tokenMatcher(next, word))) {
    return 'remove the `,`: each statement begins with a keyword';
  }
  if (found.image === '}') return 'remove this `}`, or look for a `{` that is missing before it';
  if (found.image === '=>') return 'the parameters of a lambda stand in parentheses: `(x) => …`';
  return Object.hasOwn(foreign, found.image) ? foreign[found.image] : undefined;
}

/** What a rule wants where none of its alternatives begins. */
const wanted: Readonly<Record<string, string>> = {
  definition: '`=` or `{`',
  body: '`{`',
  stream: 'the name or the type of a stream',
  let: 'a name or `(`',
  if: '`then` or `{`',
  pathSegment: 'a name or `{`',
  checkpointRule: 'a path',
  statement: 'a statement',
  file: 'a declaration',
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

function wantedValue(previous: IToken): string {
  return tokenMatcher(previous, t.Arrow) || tokenMatcher(previous, t.LeftBrace) ? 'a stage' : 'a value';
}

function sentence(expected: string, previous: IToken, found: IToken): string {
  const after = Number.isNaN(previous.startOffset) ? '' : ` after ${describe(previous)}`;
  return `expected ${expected}${after}, found ${describe(found)}`;
}

/** Chevrotain's messages in the language's own words. */
export const messages: IParserErrorMessageProvider = {
  buildMismatchTokenMessage: ({ expected, actual, previous, ruleName }) =>
    sentence(wantedToken(ruleName, expected), previous, actual),
  buildNotAllInputParsedMessage: ({ firstRedundant }) => `expected a declaration, found ${describe(firstRedundant)}`,
  buildNoViableAltMessage: ({ actual, previous, ruleName }) =>
    sentence(wanted[ruleName] ?? wantedValue(previous), previous, first(actual)),
  buildEarlyExitMessage: ({ actual, previous, ruleName }) =>
    sentence(wanted[ruleName] ?? wantedValue(previous), previous, first(actual)),
};

function first(tokens: readonly IToken[]): IToken {
  const [token] = tokens;
  if (!token) throw new Error('a message has the token that it is about');
  return token;
}

interface Failure {
  readonly rule: string;
  readonly message: string;
  readonly previous: IToken | undefined;
  readonly found: IToken;
  readonly next: IToken | undefined;
}

/** The likely way out of a mistake that Chevrotain found. */
export function helpFor({ rule, message, previous, found, next }: Failure): string | undefined {
  const sign = found.image;
  const before = previous?.image ?? '';
  if (sign === '=' && (rule === 'arguments' || rule === 'record')) {
    return `an argument or field is named with \`:\`: \`${before}: …\``;
  }
  if (sign === '=') return 'compare with `==`; `=` gives a value its name';
  if (sign === ':' && rule === 'parameters') return `a default stands behind \`=\`: \`${before} = …\``;
  if (sign === ':' && rule === 'let') return 'only inputs, outputs and streams carry a type';
  if (sign === '->' && before === '->') return 'remove one `->`';
  if (sign === 'if' || sign === 'match') return `put the \`${sign}\` in parentheses`;
  if (message.startsWith('expected `else`'))
    return 'an `if` has both branches: where nothing is to be done, write `else identity`';
  if (message.startsWith('expected a name') && tokenMatcher(found, t.Reserved))
    return `\`${sign}\` is a keyword: choose another name`;
  return adviceAt(found, next);
}
