import type { ILexingError, IToken, TokenType } from 'chevrotain';
import { tokenMatcher } from 'chevrotain';
import type { SyntaxMistake } from './ast.js';
import * as t from './tokens.js';

/** Mistakes within single words and signs. Each is read as what it surely means, so that nothing follows from it. */
export interface Spelling {
  readonly tokens: IToken[];
  readonly mistakes: SyntaxMistake[];
}

const mistake = (token: IToken, message: string, help?: string): SyntaxMistake => ({
  kind: 'lexical',
  message,
  ...(help === undefined ? {} : { help }),
  span: { start: token.startOffset, end: t.endOf(token) },
});

const misspellings = new Map([...t.misspellings, ...t.ignored].map((entry) => [entry.token, entry]));

/** Checks numbers, texts and words of other languages. `ignored` are the tokens that the parser does not see. */
export function checkSpelling(
  tokens: readonly IToken[],
  ignored: readonly IToken[],
  errors: readonly ILexingError[],
  text: string,
): Spelling {
  const mistakes = errors.map((error) => unknownSign(error, text));
  for (const token of ignored) {
    const entry = misspellings.get(token.tokenType);
    if (entry) mistakes.push(mistake(token, entry.message, entry.help));
  }
  const read = tokens.map((token, place) => {
    const entry = misspellings.get(token.tokenType);
    const found = entry ? mistake(token, entry.message, entry.help) : checkLiteral(token);
    if (found) mistakes.push(found);
    const meant = meantWord(tokens[place - 1], token, tokens[place + 1], tokens[place + 2]);
    if (!meant) return token;
    mistakes.push(mistake(token, meant.message, meant.help));
    return { ...token, tokenType: meant.type, tokenTypeIdx: meant.type.tokenTypeIdx ?? token.tokenTypeIdx };
  });
  return { tokens: read, mistakes };
}

function unknownSign({ offset, length }: ILexingError, text: string): SyntaxMistake {
  const sign = text.slice(offset, offset + Math.min(length, 20));
  const help = /^\p{L}/u.test(sign) ? 'names consist of the letters a to z, digits and `_`' : undefined;
  const message = `\`${sign}\` has no meaning here`;
  return { kind: 'lexical', message, ...(help ? { help } : {}), span: { start: offset, end: offset + length } };
}

function checkLiteral(token: IToken): SyntaxMistake | undefined {
  if (token.tokenType === t.Numeral) return checkNumber(token);
  if (token.tokenType !== t.Text) return undefined;
  const bad = /\\(?![nrt"\\]|u\{[0-9A-Fa-f]{1,6}\})./u.exec(token.image.replaceAll('\\\\', '__'));
  return bad
    ? mistake(token, `\`${bad[0]}\` stands for no character`, 'write `\\n`, `\\t`, `\\r`, `\\"`, `\\\\` or `\\u{…}`')
    : undefined;
}

function checkNumber(token: IToken): SyntaxMistake | undefined {
  const { image } = token;
  if (!/^\d+(?:\.\d+)?(?:[eE][+-]?\d+)?$/.test(image)) {
    return mistake(token, `\`${image}\` is not a number`, numberHelp(image));
  }
  if (/^0\d/.test(image))
    return mistake(token, 'a number does not begin with 0', `write \`${image.replace(/^0+(?=\d)/, '')}\``);
  const value = Number(image);
  if (!Number.isFinite(value))
    return mistake(token, `\`${image}\` is too large`, 'the largest number is about 1.8e308');
  if (Number.isInteger(value) && !/[.eE]/.test(image) && !Number.isSafeInteger(value)) {
    return mistake(token, `\`${image}\` is too large to be exact`, `the largest integer is ${Number.MAX_SAFE_INTEGER}`);
  }
  return undefined;
}

function numberHelp(image: string): string {
  if (/^[\d_]+$/.test(image)) return `write \`${image.replaceAll('_', '')}\``;
  if (/^[\d.]+f$/.test(image)) return `write \`${image.slice(0, -1)}\``;
  return 'numbers are written as `12`, `0.5` or `1e-5`; a name begins with a letter';
}

interface Meant {
  readonly type: TokenType;
  readonly message: string;
  readonly help: string;
}

const foreign = new Map<string, TokenType>([
  ['function', t.Fn],
  ['func', t.Fn],
  ['def', t.Fn],
  ['var', t.Let],
  ['const', t.Let],
  ['class', t.Model],
]);
const definers = [t.Model, t.Block, t.Fn, t.Preset, t.Input, t.Let, t.Output, t.Mask, t.Score];

/** `function f`, which is `fn f`; and `let model = …`, where a keyword stands for a name. */
function meantWord(
  before: IToken | undefined,
  word: IToken,
  next: IToken | undefined,
  afterNext: IToken | undefined,
): Meant | undefined {
  const keyword = foreign.get(word.image);
  if (keyword && word.tokenType === t.Identifier && next?.tokenType === t.Identifier && isStatementStart(before)) {
    return { type: keyword, message: `\`${word.image}\` is no keyword`, help: `write \`${String(keyword.PATTERN)}\`` };
  }
  if (!tokenMatcher(word, t.Reserved) || !before || !next) return undefined;
  const defined = definers.some((type) => tokenMatcher(before, type)) && ['=', ':', '(', '{'].includes(next.image);
  const parameter = (before.image === '(' || before.image === ',') && next.image === '=';
  if (!(defined && !(next.image === '(' && tokenMatcher(before, t.Mask))) && !parameter) return undefined;
  if (afterNext === undefined && next.image !== '=') return undefined;
  return {
    type: t.Identifier,
    message: `\`${word.image}\` is a keyword and cannot be a name`,
    help: 'choose another name',
  };
}

/** Two names never follow each other inside an expression. */
function isStatementStart(before: IToken | undefined): boolean {
  return (
    !before ||
    [')', ']', '}', '{'].includes(before.image) ||
    tokenMatcher(before, t.Word) ||
    tokenMatcher(before, t.Numeral)
  );
}

/** The text between the quotes, escapes resolved. */
export function resolveEscapes(image: string): string {
  const quote = image.startsWith("'") ? "'" : '"';
  const closed = image.length > 1 && image.endsWith(quote);
  const inner = image.slice(1, closed ? -1 : undefined);
  return inner.replace(
    /\\(?:u\{([0-9A-Fa-f]{1,6})\}|(.))/gu,
    (whole, code: string | undefined, sign: string | undefined) => {
      if (code !== undefined) {
        const point = Number.parseInt(code, 16);
        return point <= 0x10ffff ? String.fromCodePoint(point) : whole;
      }
      return escapes[sign ?? ''] ?? whole;
    },
  );
}

const escapes: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', '"': '"', '\\': '\\' };
