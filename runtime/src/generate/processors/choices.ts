import { TfmError } from '../../errors.js';

interface Branch {
  readonly next: Map<number, Branch>;
  isEnd: boolean;
}

const branch = (): Branch => ({ next: new Map(), isEnd: false });

/** A set of token sequences, as a trie: what may follow the tokens so far. */
export class Choices {
  readonly #root = branch();
  readonly #stops: ReadonlySet<number>;

  /** Throws TFM5307 where there are none, one is empty, or one begins another and no stop token could end it. */
  constructor(choices: readonly (readonly number[])[], stops: ReadonlySet<number>) {
    this.#stops = stops;
    if (choices.length === 0) throw new TfmError('TFM5307', 'choices is an empty list');
    choices.forEach((choice, i) => {
      if (choice.length === 0) throw new TfmError('TFM5307', `choice ${i} has no tokens`);
      this.#add(choice);
    });
    if (stops.size > 0) return;
    const open = choices.findIndex((choice) => (this.#at(choice)?.next.size ?? 0) > 0);
    if (open < 0) return;
    const help = 'give stopTokens: one of them ends the shorter';
    throw new TfmError('TFM5307', `choice ${open} is the beginning of another, and nothing tells them apart`, help);
  }

  /** The tokens that may follow; behind a choice that may go on, the stop tokens too. */
  allowed(newTokens: readonly number[]): ReadonlySet<number> {
    const at = this.#at(newTokens);
    return new Set([...(at?.next.keys() ?? []), ...(at?.isEnd ? this.#stops : [])]);
  }

  /** Whether these tokens are a choice that cannot go on. */
  isComplete(newTokens: readonly number[]): boolean {
    return this.#at(newTokens)?.next.size === 0;
  }

  #add(choice: readonly number[]): void {
    let at = this.#root;
    for (const token of choice) {
      const next = at.next.get(token) ?? branch();
      at.next.set(token, next);
      at = next;
    }
    at.isEnd = true;
  }

  #at(tokens: readonly number[]): Branch | undefined {
    let at: Branch | undefined = this.#root;
    for (const token of tokens) at = at?.next.get(token);
    return at;
  }
}
