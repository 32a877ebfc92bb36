/** A decoder of token ids: the whole text of a sequence. */
type Decode = (tokens: readonly number[]) => string;

/** What a token that ends within a character decodes to. */
const REPLACEMENT = '�';

/** Tokens that are decoded together with a new one, at most: the longest character has four bytes, a joined emoji more. */
const MOST_PENDING = 16;

/**
 * Turns tokens into text one by one. A token's text depends on its neighbours (a leading space, a part of a character), so
 * each is decoded behind the ones before it, and text is held back while it ends within a character.
 */
export class TextStream {
  readonly #decode: Decode;
  #tokens: number[] = [];
  /** Tokens before this one are printed and serve only as what stands before the others. */
  #printed = 0;

  constructor(decode: Decode, before: readonly number[] = []) {
    this.#decode = decode;
    this.#tokens = [...before];
    this.#printed = before.length;
  }

  /** The text that is certain now that `token` is known: `''` while a character is not complete. */
  push(token: number): string {
    this.#tokens.push(token);
    const text = this.#pending();
    const waits = text.endsWith(REPLACEMENT) && this.#tokens.length - this.#printed < MOST_PENDING;
    return waits ? '' : this.#take(text);
  }

  /** What is still held back. */
  end(): string {
    return this.#take(this.#pending());
  }

  /** What the tokens that are not printed add to the ones before them. */
  #pending(): string {
    const before = this.#decode(this.#tokens.slice(0, this.#printed));
    const all = this.#decode(this.#tokens);
    return all.startsWith(before) ? all.slice(before.length) : this.#decode(this.#tokens.slice(this.#printed));
  }

  #take(text: string): string {
    // A few tokens are enough to stand before the next: the cost of a step does not grow with the text.
    this.#tokens = this.#tokens.slice(-MOST_PENDING);
    this.#printed = this.#tokens.length;
    return text;
  }
}
