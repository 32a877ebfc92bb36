import type { IRecognitionException, IToken } from 'chevrotain';
import type { File, ParseResult, Span, SyntaxMistake } from './ast.js';
import { commentsOf, documentationOf, firstOnLine, lineCounter } from './comments.js';
import { tooDeep } from './depth.js';
import { failure } from './messages.js';
import { sharedParser, type TfmParser } from './parser.js';
import { type Source, TooDeep } from './parser-base.js';
import { checkSpelling } from './spelling.js';
import { endOf, lexer } from './tokens.js';

/**
 * Reads a `.tfm` file. Mistakes are values: the tree holds whatever could be read, with `missing` expressions and empty
 * names where something was left out. Never throws; all places lie inside the text.
 */
export function parse(text: string): ParseResult {
  const lexed = lexer.tokenize(text);
  const comments = commentsOf(lexed.groups.comments ?? []);
  const spelling = checkSpelling(lexed.tokens, lexed.groups.ignored ?? [], lexed.errors, text);
  const { tokens } = spelling;
  const source = { end: text.length, lineOf: lineCounter(text) };
  const parser = sharedParser();
  parser.begin(tokens, source, documentationOf(tokens, comments, text));
  parser.prepare(tokens, firstOnLine(tokens, text));
  const span = { start: 0, end: text.length };
  const nothing: File = { imports: [], declarations: [], comments, span };
  try {
    const file: File = { ...parser.file(), comments, span };
    const deep = tooDeep(file);
    if (deep) return { file: nothing, mistakes: [deepMistake(deep)] };
    const failures = parser.errors.map((error) => convert(error, tokens, source));
    const reports = [...spelling.mistakes, ...parser.reported].map((mistake) => {
      const { start, end } = mistake.span;
      return { mistake, quiet: mistake.kind === 'lexical' ? end : start, failed: false };
    });
    return { file, mistakes: withoutConsequences([...reports, ...failures], parser) };
  } catch (error) {
    if (!(error instanceof TooDeep)) throw error;
    return { file: nothing, mistakes: [deepMistake({ start: error.at.startOffset, end: endOf(error.at) })] };
  }
}

/** A mistake, the offset up to which others follow from it, and whether the parser lost its way there. */
interface Finding {
  readonly mistake: SyntaxMistake;
  readonly quiet: number;
  readonly failed: boolean;
}

const deepMistake = (span: Span): SyntaxMistake => ({
  kind: 'syntax',
  message: 'this is nested too deeply',
  help: 'name parts of it with `let`, `fn` or `block`',
  span,
});

function convert(error: IRecognitionException, tokens: readonly IToken[], source: Source): Finding {
  const place = placeOf(tokens, error.token.startOffset);
  const found = tokens[place] ?? error.token;
  const start = found.startOffset >= 0 ? found.startOffset : source.end;
  const span = { start, end: found.startOffset >= 0 ? endOf(found) : start };
  const rule = error.context.ruleStack.at(-1) ?? '';
  const [previous, next] = [tokens[place - 1], tokens[place + 1]];
  const { message, help } = failure({ rule, expected: error.message, previous, found, next });
  const open = unclosed(error.message, tokens, place, source);
  const lastSkipped = error.resyncedTokens.at(-1) ?? found;
  const quiet = tokens[placeOf(tokens, lastSkipped.startOffset) + 1]?.startOffset ?? source.end;
  const mistake = { kind: 'syntax' as const, message: message + open, ...(help === undefined ? {} : { help }), span };
  return { mistake, quiet, failed: true };
}

/** The place of the token at an offset, by bisection; after the last where the offset is that of the end (NaN). */
function placeOf(tokens: readonly IToken[], offset: number): number {
  let low = 0;
  let high = tokens.length;
  while (low < high && !Number.isNaN(offset)) {
    const middle = (low + high) >> 1;
    if ((tokens[middle]?.startOffset ?? 0) < offset) low = middle + 1;
    else high = middle;
  }
  return high;
}

const closing: Readonly<Record<string, string>> = { '(': ')', '[': ']', '{': '}' };

/** Where a closing sign is missing: the line of the sign that opened. */
function unclosed(expected: string, tokens: readonly IToken[], place: number, { lineOf }: Source): string {
  const missing = /^(?:`,` or )?`([)\]}])`/.exec(expected)?.[1];
  if (!missing) return '';
  let depth = 0;
  for (let before = place - 1; before >= 0; before -= 1) {
    const { image, startOffset } = tokens[before] as IToken;
    if (Object.values(closing).includes(image)) depth += 1;
    if (!Object.hasOwn(closing, image)) continue;
    if (depth === 0)
      return closing[image] === missing ? ` (the \`${image}\` of line ${lineOf(startOffset)} is open)` : '';
    depth -= 1;
  }
  return '';
}

/**
 * Keeps one mistake for each wrong place. Where the parser lost its way, what it says up to the next statement follows
 * from that, and so does what it finds between declarations when the statement closed its model too early.
 */
function withoutConsequences(findings: readonly Finding[], parser: TfmParser): SyntaxMistake[] {
  const { strays, skipped } = parser;
  const starts = parser.starts.toSorted((a, b) => a.offset - b.offset);
  const kept: SyntaxMistake[] = [];
  let quiet = -1;
  let [lost, place] = [false, 0];
  for (const { mistake, failed, quiet: until } of findings.toSorted(
    (a, b) => a.mistake.span.start - b.mistake.span.start,
  )) {
    const { start } = mistake.span;
    for (let next = starts[place]; next && next.offset <= start; next = starts[place]) {
      if (next.unit === 'declaration') lost = false;
      place += 1;
    }
    if (kept.at(-1)?.span.start === start) continue;
    const follows =
      start <= quiet || (lost && strays.has(start)) || skipped.some((span) => span.start < start && start <= span.end);
    if (mistake.kind === 'syntax' && follows) continue;
    kept.push(mistake);
    quiet = Math.max(quiet, until);
    if (!failed) continue;
    lost = true;
    // The next statement may begin where this one failed.
    const begun = starts[place - 1]?.offset === start;
    if (!begun) quiet = Math.max(quiet, (starts[place]?.offset ?? Number.POSITIVE_INFINITY) - 1);
  }
  return kept;
}
