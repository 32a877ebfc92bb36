import { EmbeddedActionsParser, type IToken, type ParserMethod, tokenMatcher } from 'chevrotain';
import type { Documentation, Expression, Identifier, Missing, Span, StringLiteral, SyntaxMistake } from './ast.js';
import { messages } from './messages.js';
import { resolveEscapes } from './spelling.js';
import { allTokens, Equal, endOf, LeftBrace, Name, RightParenthesis } from './tokens.js';

export type Rule<Result, Arguments extends unknown[] = []> = ParserMethod<Arguments, Result>;

/** How deep expressions and bodies may stand in each other; a stack of 1 MB is enough for three times as much. */
const deepest = 64;

export interface ParserOptions {
  /** Whether Chevrotain looks for ambiguities in the grammar. A test does; at each start it would cost 50 ms. */
  readonly validate?: boolean;
}

/** What the parser knows of the text beside its tokens. */
export interface Source {
  readonly end: number;
  readonly lineOf: (offset: number) => number;
}

/** Ends the parse where the text nests too deeply to go on. */
export class TooDeep extends Error {
  readonly at: IToken;
  constructor(at: IToken) {
    super('nested too deeply');
    this.at = at;
  }
}

const bodyWords = new Set(['let', 'return', 'emit', 'require', 'block', 'fn', 'mask', 'score']);

/** What all rules share: places, names, texts, and mistakes that the grammar reads over. */
export abstract class ParserBase extends EmbeddedActionsParser {
  /** Mistakes found by actions, beside `errors`, which Chevrotain collects. */
  reported: SyntaxMistake[] = [];
  #end = 0;
  #lineOf: (offset: number) => number = () => 1;
  #documentation: ReadonlyMap<number, Documentation> = new Map();
  #depth = 0;

  constructor({ validate = false }: ParserOptions) {
    super(allTokens, {
      recoveryEnabled: true,
      maxLookahead: 2,
      errorMessageProvider: messages,
      skipValidations: !validate,
    });
  }

  /** Makes ready for a text. `documentation` is keyed by the offset of the token that it stands before. */
  begin(tokens: IToken[], source: Source, documentation: ReadonlyMap<number, Documentation>): void {
    this.input = tokens;
    this.reported = [];
    this.#end = source.end;
    this.#lineOf = source.lineOf;
    this.#documentation = documentation;
    this.#depth = 0;
  }

  /**
   * Defines a rule. With `recovery`, a mistake in it is skipped up to a token that can follow the rule, and the rule
   * gives what `recovery` makes; without, the rule around it deals with the mistake.
   */
  protected define<Result, Arguments extends unknown[]>(
    name: string,
    implementation: (...parts: Arguments) => Result,
    recovery?: () => Result,
  ): Rule<Result, Arguments> {
    const options = recovery ? { recoveryValueFunc: recovery } : { resyncEnabled: false };
    return this.RULE(name, implementation, options) as Rule<Result, Arguments>;
  }

  protected mark(): number {
    const { startOffset } = this.LA(1);
    return Number.isNaN(startOffset) ? this.#end : startOffset;
  }

  /** From a mark to the end of the last token read. */
  protected spanFrom(start: number): Span {
    const end = endOf(this.LA(0));
    return { start, end: end > start ? end : start };
  }

  protected missing(): Missing {
    const start = this.mark();
    return { kind: 'missing', span: { start, end: start } };
  }

  protected documented(): { documentation?: Documentation } {
    const documentation = this.#documentation.get(this.mark());
    return documentation ? { documentation } : {};
  }

  protected identifier(token: IToken): Identifier {
    return { name: token.image, span: this.spanOf(token) };
  }

  protected text(token: IToken): StringLiteral {
    return { kind: 'string', value: resolveEscapes(token.image), span: this.spanOf(token) };
  }

  /** The place of a token; one that error recovery put in, and the end of the file, are empty places. */
  protected spanOf(token: IToken): Span {
    const start = Number.isNaN(token.startOffset) ? this.mark() : token.startOffset;
    return { start, end: start + token.image.length };
  }

  protected report(span: Span, message: string, help?: string): void {
    this.reported.push({ kind: 'syntax', message, span, ...(help === undefined ? {} : { help }) });
  }

  /** The line of an offset, counted from 1. */
  protected line(offset: number): number {
    return this.#lineOf(offset);
  }

  /** Runs a rule that may contain itself. */
  protected nested<Result>(rule: () => Result): Result {
    this.#depth += 1;
    if (this.#depth > deepest) throw new TooDeep(this.LA(1));
    try {
      return rule();
    } finally {
      this.#depth -= 1;
    }
  }

  protected name(token: IToken): Expression {
    return token.isInsertedInRecovery ? this.missing() : { kind: 'name', name: token.image, span: this.spanOf(token) };
  }

  /** A number; one that is malformed, which the check of the spelling reported, counts as 0. */
  protected number(token: IToken): Expression {
    if (token.isInsertedInRecovery) return this.missing();
    const value = Number(token.image);
    return { kind: 'number', value: Number.isFinite(value) ? value : 0, text: token.image, span: this.spanOf(token) };
  }

  /** Whether `(a, b) =>` stands ahead, and not a parenthesis. */
  protected lambdaAhead(): boolean {
    let ahead = 2;
    while (tokenMatcher(this.LA(ahead), Name) || this.LA(ahead).image === ',') ahead += 1;
    return tokenMatcher(this.LA(ahead), RightParenthesis) && this.LA(ahead + 1).image === '=>';
  }

  /** Whether the `{` ahead opens a body of statements, and not a record. */
  protected bodyAhead(): boolean {
    const [brace, word, after] = [this.LA(1), this.LA(2), this.LA(3)];
    return tokenMatcher(brace, LeftBrace) && (word.image === '}' || bodyWords.has(word.image)) && after.image !== ':';
  }

  /** Whether a clause of a checkpoint rule stands ahead (`when gated`), and not a path that begins so (`when = "…"`). */
  protected clauseAhead(): boolean {
    const after = this.LA(2);
    return !tokenMatcher(after, Equal) && after.image !== '.' && after.image !== '[';
  }
}
