import type { IToken } from 'chevrotain';
import type { Comment } from './ast.js';
import { blankLine, comment, concat, type Document, hardline, text } from './document.js';

/**
 * The tokens of a file in their order, each with the comments around it. The printers take every token from here, so
 * none is lost and each comment stays between the same two tokens.
 */
export class TokenSource {
  readonly #tokens: readonly IToken[];
  readonly #comments: readonly Comment[];
  readonly #source: string;
  #place = 0;
  #commentPlace = 0;
  /** The end of what was taken last. */
  #end = 0;

  constructor(tokens: readonly IToken[], comments: readonly Comment[], source: string) {
    this.#tokens = tokens;
    this.#comments = comments;
    this.#source = source;
  }

  /** The text of the next token, `''` at the end. */
  get next(): string {
    return this.#tokens[this.#place]?.image ?? '';
  }

  /** Where the next token begins. */
  get offset(): number {
    return this.#tokens[this.#place]?.startOffset ?? this.#source.length;
  }

  /** The next token with its comments; `expected` is what the printer believes it to be. */
  take(expected?: string): Document {
    const before = this.comments();
    const token = this.#tokens[this.#place];
    if (!token || (expected !== undefined && token.image !== expected)) {
      throw new Error(`the formatter expected ${expected ?? 'a token'} and not ${token?.image ?? 'the end'}`);
    }
    this.#place += 1;
    this.#end = token.startOffset + token.image.length;
    return concat(before, text(token.image), this.#trailing());
  }

  /** Tokens that follow each other with a blank between. */
  takeWords(...expected: readonly string[]): Document {
    return concat(...expected.flatMap((word) => [this.take(word), text(' ')]));
  }

  /** Leaves a token out (a comma before `)`), but not its comments. */
  drop(expected: string): Document {
    if (this.next !== expected) return concat();
    const before = this.comments();
    this.#end = this.offset + expected.length;
    this.#place += 1;
    return concat(before, this.#trailing());
  }

  /** Comments on their own lines before the next token. */
  comments(): Document {
    const found: Document[] = [];
    const limit = this.offset;
    for (let next = this.#nextComment(limit); next; next = this.#nextComment(limit)) {
      this.#commentPlace += 1;
      this.#end = next.span.end;
      const closes = [')', ']', '}', ''].includes(this.next) && this.#nextComment(limit) === undefined;
      found.push(comment(next.text, true, !closes && this.#blankAhead() ? 2 : 1));
    }
    return concat(...found);
  }

  /** The end of a line before a statement: with an empty line where the source has one or more. */
  separator(): Document {
    return this.#blankAhead() ? blankLine : hardline;
  }

  #blankAhead(): boolean {
    const next = this.#nextComment(this.offset)?.span.start ?? this.offset;
    return /\n[^\S\n]*\r?\n/.test(this.#source.slice(this.#end, next));
  }

  /** The comment behind a token on the same line. */
  #trailing(): Document {
    const next = this.#nextComment(this.offset);
    if (!next || /[\r\n]/.test(this.#source.slice(this.#end, next.span.start))) return concat();
    this.#commentPlace += 1;
    this.#end = next.span.end;
    return comment(next.text, false, 1);
  }

  #nextComment(limit: number): Comment | undefined {
    const next = this.#comments[this.#commentPlace];
    return next && next.span.start < limit ? next : undefined;
  }
}
