import { EOF, type IToken, isRecognitionException, type TokenType, tokenMatcher } from 'chevrotain';
import type { Expression, Span } from './ast.js';
import { missingComma, statementWords, unexpected } from './messages.js';
import { ParserBase, type Rule } from './parser-base.js';
import * as t from './tokens.js';

/** What is read as a whole or skipped as a whole. */
export type Unit = 'declaration' | 'statement' | 'rule';

const onlyAtTop = [t.Import, t.Model, t.Preset];
const declarations = [...onlyAtTop, t.Block, t.Fn];
const statements = [t.Require, t.Input, t.Let, t.Output, t.Block, t.Fn, t.Emit, t.Generate, t.Train, t.Checkpoint];

const isOneOf = (token: IToken, types: readonly (typeof t.Let)[]) => types.some((type) => tokenMatcher(token, type));

/**
 * Recovery between statements. Inside an expression Chevrotain's own recovery goes on at the next `)`, `,` or `->`; what
 * that cannot mend ends the statement, and the parser goes on at the next one.
 */
export abstract class RecoveringParser extends ParserBase {
  /** Where declarations, statements and rules begin that were read. */
  starts: { readonly unit: Unit; readonly offset: number }[] = [];
  /** Where something stands between declarations. */
  readonly strays = new Set<number>();
  /** Whether rules of a checkpoint are read, which begin with no keyword. */
  protected inRules: boolean = false;
  /** Stretches of text that were skipped after a mistake: what is found in them follows from it. */
  skipped: Span[] = [];
  /** How many braces are open at the end. */
  #openBraces = 0;
  #lineStarts: ReadonlySet<number> = new Set();
  /** How many braces are open before each token, by its offset. */
  #braces: ReadonlyMap<number, number> = new Map();

  /** Makes ready to read tokens. */
  prepare(tokens: readonly IToken[], firstOnLine: ReadonlySet<number>): void {
    this.skipped = [];
    this.starts = [];
    this.strays.clear();
    this.inRules = false;
    this.#lineStarts = firstOnLine;
    this.#braces = bracesBefore(tokens);
    this.#openBraces = this.#braces.get(Number.POSITIVE_INFINITY) ?? 0;
  }

  // What Chevrotain may do on its own: an invented `(` would lack its `)`, and a token of this line is no reason to read
  // on in the next.
  protected override canTokenTypeBeInsertedInRecovery(type: TokenType): boolean {
    return ![t.LeftParenthesis, t.LeftBracket, t.LeftBrace].includes(type);
  }

  protected override canTokenTypeBeDeletedInRecovery(): boolean {
    return !this.#lineStarts.has(this.LA(2).startOffset);
  }

  /** Where it is false, a brace is missing or too many, and pairs of braces mean nothing. */
  get #balanced(): boolean {
    return this.#openBraces === 0;
  }

  /** `}`; where it is missing, that is reported and nothing is skipped. */
  protected readonly close: Rule<void, [open: IToken]> = this.define('close', (open) => {
    const brace = this.OPTION(() => this.CONSUME(t.RightBrace));
    if (!brace) this.ACTION(() => this.#reportUnclosed(open));
  });

  #reportUnclosed(open: IToken): void {
    const found = this.LA(1);
    if (tokenMatcher(found, t.Return)) {
      this.report(this.spanOf(found), '`return` ends a block or a function, not a model', 'write `output name = …`');
      return;
    }
    const place = open.isInsertedInRecovery ? '' : ` that closes the \`{\` of line ${this.line(open.startOffset)}`;
    const { message, help } = unexpected(`\`}\`${place}`, found, this.LA(2));
    this.report(this.spanOf(found), message, help);
  }

  /** Whether a statement or rule begins ahead, so that the list before it has no end. */
  #listEnds(): boolean {
    const next = this.LA(1);
    if (this.inRules && this.#lineStarts.has(next.startOffset)) return true;
    return statementWords.some((word) => tokenMatcher(next, word)) && this.LA(2).image !== ':';
  }

  /** Items between commas, a last comma allowed. A comma left out is reported, and read as if it were there. */
  protected listed(item: () => unknown): void {
    let separated = true;
    this.MANY8({
      GATE: () => separated || !this.#listEnds(),
      DEF: () => {
        if (!separated) this.ACTION(() => this.expectComma());
        item();
        separated = this.OPTION8(() => this.CONSUME8(t.Comma)) !== undefined;
      },
    });
  }

  /** Reports that a `,` is missing before the next token, unless that is the one that ends the list. */
  protected expectComma(end?: TokenType): void {
    const next = this.LA(1);
    if (!end || !tokenMatcher(next, end)) this.report(this.spanOf(next), missingComma(this.LA(0), next));
  }

  /** Reads a declaration, statement or rule. One that fails was reported: what is left of it is skipped. */
  protected attempt(unit: Unit, rule: () => void): void {
    const first = this.LA(1);
    const outside = this.#depth();
    this.starts.push({ unit, offset: this.mark() });
    try {
      rule();
    } catch (error) {
      this.#leave(error, unit, outside, this.LA(1) === first);
    }
  }

  /** Reads the value of a statement. Where that fails, the rest of the statement is skipped and only its value missing. */
  protected value(rule: () => Expression): Expression {
    const outside = this.#depth();
    try {
      return rule();
    } catch (error) {
      this.#leave(error, 'statement', outside, false);
      return this.missing();
    }
  }

  #leave(error: unknown, unit: Unit, outside: number, stuck: boolean): void {
    if (!(error instanceof Error && isRecognitionException(error))) throw error;
    const start = this.mark();
    const inside = this.#balanced ? Math.max(0, this.#depth() - outside) : 0;
    if (stuck) this.SKIP_TOKEN();
    this.#skip(unit, start, inside);
  }

  #depth(): number {
    return this.#braces.get(this.LA(1).startOffset) ?? 0;
  }

  /** At what is no declaration, statement or rule: reports it and skips to the next. Whether anything was skipped. */
  protected skipTo(unit: Unit): boolean {
    if (this.RECORDING_PHASE || this.#stopsAt(unit)) return false;
    const found = this.LA(1);
    const { message, help } = unexpected(names[unit], found, this.LA(2));
    this.report(this.spanOf(found), message, help);
    const start = this.mark();
    if (unit === 'declaration') this.strays.add(start);
    this.SKIP_TOKEN();
    this.#skip(unit, start);
    return true;
  }

  /** After `return value`: whether there are statements to read, which were reported. Also reports a missing `return`. */
  protected statementsAfterReturn(returned: boolean): boolean {
    if (this.RECORDING_PHASE) return true;
    const found = this.LA(1);
    if (!returned) {
      const ends = found.image === '}';
      if (ends) this.report(this.spanOf(found), 'a body ends with `return`', 'write `return value` before `}`');
      return false;
    }
    if (this.#stopsAt('statement') && found.image !== 'return') return false;
    if (!this.#starts('statement') && found.image !== 'return') {
      const { message, help } = unexpected('`}` after the returned value', found, this.LA(2));
      this.report(this.spanOf(found), message, help);
    } else if (this.#balanced) {
      this.report(this.spanOf(found), '`return` is the last statement of a body', 'move it to the end');
    } else return false;
    if (!this.#starts('statement')) {
      const start = this.mark();
      this.SKIP_TOKEN();
      this.#skip('statement', start);
    }
    return this.#balanced && this.#starts('statement');
  }

  /** Whether the word ahead begins a statement; where a `}` is missing, `model` begins the next declaration. */
  protected startsStatement(): boolean {
    return this.#balanced || !isOneOf(this.LA(1), onlyAtTop);
  }

  /** `depth`: how many braces to close first. */
  #skip(unit: Unit, start: number, depth = 0): void {
    let open = depth;
    while (!tokenMatcher(this.LA(1), EOF)) {
      if (open === 0 && (this.#stopsAt(unit) || this.#starts(unit))) break;
      const { image } = this.LA(1);
      if (this.#balanced && image === '{') open += 1;
      if (open > 0 && image === '}') open -= 1;
      this.SKIP_TOKEN();
    }
    this.skipped.push({ start, end: this.mark() });
  }

  #stopsAt(unit: Unit): boolean {
    const token = this.LA(1);
    if (tokenMatcher(token, EOF)) return true;
    if (unit === 'declaration') return false;
    if (token.image === '}') return true;
    return unit === 'statement' && (token.image === 'return' || (!this.#balanced && isOneOf(token, onlyAtTop)));
  }

  #starts(unit: Unit): boolean {
    const token = this.LA(1);
    if (unit === 'rule') {
      return this.#lineStarts.has(token.startOffset) && (tokenMatcher(token, t.Word) || token.image === '{');
    }
    if (isOneOf(token, [t.Mask, t.Score])) return tokenMatcher(this.LA(2), t.Name);
    return isOneOf(token, declarations) || (unit === 'statement' && isOneOf(token, statements));
  }
}

function bracesBefore(tokens: readonly IToken[]): Map<number, number> {
  const found = new Map<number, number>();
  let open = 0;
  for (const { image, startOffset } of tokens) {
    found.set(startOffset, open);
    open += image === '{' ? 1 : image === '}' ? -1 : 0;
  }
  return found.set(Number.POSITIVE_INFINITY, open);
}

const names: Readonly<Record<Unit, string>> = {
  declaration: 'a declaration (`model`, `block`, `fn`, `mask`, `score`, `preset` or `import`)',
  statement: 'a statement or `}`',
  rule: 'a rule (`path = "tensor"` or `ignore "tensor"`) or `}`',
};
