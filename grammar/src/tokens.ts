import { createToken, type IToken, Lexer, type TokenType } from 'chevrotain';

/**
 * The words and signs of the language. Order matters to the lexer: the first pattern that matches wins, so longer
 * signs stand before their prefixes and keywords before names.
 */

// Categories: a rule that consumes one of these takes every token that belongs to it.
const category = (name: string, label: string, parents: TokenType[] = []): TokenType =>
  createToken({ name, label, pattern: Lexer.NA, categories: parents });

/** Whatever reads like a word: names and all keywords. Labels, fields, members and argument names take any of them. */
export const Word = category('Word', 'a name');
/** What may name a value: names and the keywords that matter only in their own place (`mask`, `pad`, `of`, …). */
export const Name = category('Name', 'a name', [Word]);
/** A keyword that can never name a value. */
export const Reserved = category('Reserved', 'a keyword', [Word]);
export const Infix = category('Infix', 'an operator');
export const Prefix = category('Prefix', '`-` or `not`');

export const Identifier = createToken({
  name: 'Identifier',
  label: 'a name',
  pattern: /[A-Za-z_][A-Za-z0-9_]*/,
  categories: [Name],
});

const reserved = (word: string, more: TokenType[] = []): TokenType =>
  createToken({
    name: `keyword_${word}`,
    label: `\`${word}\``,
    pattern: word,
    longer_alt: Identifier,
    categories: [Reserved, ...more],
  });
const contextual = (word: string): TokenType =>
  createToken({
    name: `keyword_${word}`,
    label: `\`${word}\``,
    pattern: word,
    longer_alt: Identifier,
    categories: [Name],
  });
const sign = (name: string, pattern: string, categories: TokenType[] = []): TokenType =>
  createToken({ name, label: `\`${pattern}\``, pattern, categories });

export const Import = reserved('import');
export const Model = reserved('model');
export const Block = reserved('block');
export const Fn = reserved('fn');
export const Preset = reserved('preset');
export const Require = reserved('require');
export const Input = reserved('input');
export const Let = reserved('let');
export const Output = reserved('output');
export const Emit = reserved('emit');
export const Generate = reserved('generate');
export const Train = reserved('train');
export const Checkpoint = reserved('checkpoint');
export const Return = reserved('return');
export const Residual = reserved('residual');
export const Repeat = reserved('repeat');
export const Scan = reserved('scan');
export const If = reserved('if');
export const Then = reserved('then');
export const Else = reserved('else');
export const Match = reserved('match');
export const As = reserved('as');
export const True = reserved('true');
export const False = reserved('false');
const And = reserved('and', [Infix]);
export const Or = reserved('or', [Infix]);
const In = reserved('in', [Infix]);
const Not = reserved('not', [Prefix]);

export const Mask = contextual('mask');
export const Score = contextual('score');
export const From = contextual('from');
export const Of = contextual('of');
export const Pad = contextual('pad');
export const Start = contextual('start');
export const Stop = contextual('stop');
export const Default = contextual('default');
export const Against = contextual('against');
export const With = contextual('with');
export const PrefixWord = contextual('prefix');
export const Also = contextual('also');
export const When = contextual('when');
export const For = contextual('for');
export const Ignore = contextual('ignore');
export const Was = contextual('was');

export const Arrow = sign('Arrow', '->');
export const FatArrow = sign('FatArrow', '=>');
const EqualEqual = sign('EqualEqual', '==', [Infix]);
const NotEqual = sign('NotEqual', '!=', [Infix]);
const LessEqual = sign('LessEqual', '<=', [Infix]);
const GreaterEqual = sign('GreaterEqual', '>=', [Infix]);
const Less = sign('Less', '<', [Infix]);
const Greater = sign('Greater', '>', [Infix]);
const Power = sign('Power', '**', [Infix]);
const Plus = sign('Plus', '+', [Infix]);
const Minus = sign('Minus', '-', [Infix, Prefix]);
export const Star = sign('Star', '*', [Infix]);
const Slash = sign('Slash', '/', [Infix]);
const Percent = sign('Percent', '%', [Infix]);
export const Equal = sign('Equal', '=');
export const Question = sign('Question', '?');
export const DotDot = sign('DotDot', '..');
export const Dot = sign('Dot', '.');
export const Comma = sign('Comma', ',');
export const Colon = sign('Colon', ':');
export const LeftParenthesis = sign('LeftParenthesis', '(');
export const RightParenthesis = sign('RightParenthesis', ')');
export const LeftBracket = sign('LeftBracket', '[');
export const RightBracket = sign('RightBracket', ']');
export const LeftBrace = sign('LeftBrace', '{');
export const RightBrace = sign('RightBrace', '}');

export const Text = createToken({
  name: 'Text',
  label: 'a text in double quotes',
  pattern: /"(?:[^"\\\r\n]|\\[^\r\n])*"/,
});
/** Takes everything that begins like a number, so that `1_000` or `12abc` is one mistake and not two tokens. */
export const Numeral = createToken({
  name: 'Numeral',
  label: 'a number',
  pattern: /\d(?:[eE][+-]?\d|\.\d|[A-Za-z0-9_])*/,
});
const Whitespace = createToken({
  name: 'Whitespace',
  pattern: /[ \t\r\n\f\uFEFF\u00A0]+/,
  group: Lexer.SKIPPED,
  line_breaks: true,
});
export const Comment = createToken({ name: 'Comment', pattern: /\/\/[^\r\n]*/, group: 'comments' });

/** A spelling of another language: read as what it surely means, and reported. */
export interface Misspelling {
  readonly token: TokenType;
  readonly message: string;
  readonly help: string;
}

const misspelled = (pattern: string | RegExp, means: TokenType, message: string, help: string): Misspelling => ({
  token: createToken({ name: `Misspelled${means.name}${message.length}`, pattern, categories: [means] }),
  message,
  help,
});
const operator = (wrong: string, means: TokenType, right: string): Misspelling =>
  misspelled(wrong, means, `\`${wrong}\` is no operator`, `write \`${right}\``);

export const misspellings: readonly Misspelling[] = [
  misspelled(
    /[A-Za-z_]*[\u00C0-\u024F\u0370-\u1FFF\u3040-\uD7A3][A-Za-z0-9_\u00C0-\u024F\u0370-\u1FFF\u3040-\uD7A3]*/,
    Identifier,
    'a name has only the letters a to z and A to Z, digits and `_`',
    'rename it',
  ),
  misspelled(':=', Equal, '`:=` is no sign of the language', 'write `=`'),
  operator('===', EqualEqual, '=='),
  operator('!==', NotEqual, '!='),
  operator('<>', NotEqual, '!='),
  operator('&&', And, 'and'),
  operator('||', Or, 'or'),
  operator('!', Not, 'not'),
  operator('^', Power, '**'),
  misspelled(/"(?:[^"\\\r\n]|\\[^\r\n])*\\?/, Text, 'this text is not closed', 'end it with `"` on the same line'),
  misspelled(/'(?:[^'\\\r\n]|\\[^\r\n])*'/, Text, 'a text stands in double quotes', 'write `"` instead of `\'`'),
  misspelled(/[“”„][^“”„"\r\n]*[“”"]/, Text, 'a text stands in straight quotes', 'write `"`'),
  operator('→', Arrow, '->'),
  misspelled(/\.\d[A-Za-z0-9_.]*/, Numeral, 'a number begins with a digit', 'write `0.5`, not `.5`'),
];

const withoutMeaning = (name: string, pattern: RegExp, message: string, help: string): Misspelling => ({
  token: createToken({ name, pattern, group: 'ignored', line_breaks: true }),
  message,
  help,
});

/** Signs of other languages that are read over, and reported. */
export const ignored: readonly Misspelling[] = [
  withoutMeaning('Semicolon', /;+/, '`;` has no meaning here', 'remove it: each statement begins with a keyword'),
  withoutMeaning('HashComment', /#[^\r\n]*/, '`#` does not begin a comment', 'a comment begins with `//`'),
  withoutMeaning(
    'BlockComment',
    /\/\*(?:[^*]|\*(?!\/))*(?:\*\/)?/,
    '`/*` does not begin a comment',
    'a comment begins with `//`',
  ),
];

const reservedTokens: readonly TokenType[] = [
  ...[Import, Model, Block, Fn, Preset, Require, Input, Let, Output, Emit, Generate, Train, Checkpoint, Return],
  ...[Residual, Repeat, Scan, If, Then, Else, Match, As, True, False, And, Or, In, Not],
];
const contextualTokens: readonly TokenType[] = [
  ...[Mask, Score, From, Of, Pad, Start, Stop, Default, Against, With, PrefixWord, Also, When, For, Ignore, Was],
];
const longSigns = [Arrow, FatArrow, EqualEqual, NotEqual, LessEqual, GreaterEqual, Power, DotDot];
const shortSigns = [
  ...[Less, Greater, Plus, Minus, Star, Slash, Percent, Equal, Question, Dot, Comma, Colon],
  ...[LeftParenthesis, RightParenthesis, LeftBracket, RightBracket, LeftBrace, RightBrace],
];
const misspelledTokens = misspellings.map((entry) => entry.token);
const isPattern = (token: TokenType, ...patterns: string[]) => patterns.includes(String(token.PATTERN));
/** `===` stands before `==`, but `!` after `!=`. */
const wordMisspellings = misspelledTokens.filter((token) => token.CATEGORIES?.includes(Identifier));
const longMisspellings = misspelledTokens.filter((token) => isPattern(token, ':=', '===', '!==', '<>', '&&', '||'));
const shortMisspellings = misspelledTokens.filter(
  (token) => !longMisspellings.includes(token) && !wordMisspellings.includes(token),
);

export const allTokens: TokenType[] = [
  ...[Whitespace, Comment, ...ignored.map((entry) => entry.token)],
  ...wordMisspellings,
  ...reservedTokens,
  ...contextualTokens,
  ...[Identifier, Text, Numeral],
  ...longMisspellings,
  ...longSigns,
  ...shortMisspellings,
  ...shortSigns,
  ...[Word, Name, Reserved, Infix, Prefix],
];

const spellings = (tokens: readonly TokenType[]): readonly string[] => tokens.map((token) => String(token.PATTERN));

/** Keywords that cannot name a value; as labels, fields, members and names of arguments they can stand. */
export const reservedKeywords: readonly string[] = spellings(reservedTokens);
/** Keywords that matter only in their own place, and are names elsewhere. */
export const contextualKeywords: readonly string[] = spellings(contextualTokens);
/** All keywords. */
export const keywords: readonly string[] = [...reservedKeywords, ...contextualKeywords];
/** Signs between values, longest first. */
export const operators: readonly string[] = spellings([
  ...longSigns,
  ...shortSigns.filter((token) => token.CATEGORIES?.includes(Infix) || token === Equal || token === Question),
]);

/** With `validate`, Chevrotain looks for mistakes in the patterns: a test does, at each start it would cost time. */
export const makeLexer = (validate: boolean): Lexer =>
  new Lexer(allTokens, {
    positionTracking: 'onlyOffset',
    ensureOptimizations: false,
    skipValidations: !validate,
    deferDefinitionErrorsHandling: validate,
  });

export const lexer: Lexer = makeLexer(false);

/** The offset behind a token; NaN for the end of the file and for tokens that error recovery put in. */
export const endOf = (token: IToken): number => token.startOffset + token.image.length;
