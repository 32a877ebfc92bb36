import { type LengthFrequencies, turnAlike } from '../ops/frequencies.js';

interface Turned {
  readonly frequencies: LengthFrequencies;
  /** Rows in front of those that lengths count here. */
  readonly prefix: number;
}

/**
 * What a generation remembers of rotations whose frequencies depend on how long the sequence is: with which of them the keys
 * in its caches were turned.
 */
export class LengthTurns {
  #all: readonly Turned[] = [];
  /** The rows of the last prompt were turned for this length, each later one for its own. */
  #prompt = 1;

  add(frequencies: LengthFrequencies, prefix: number): void {
    const isKnown = this.#all.some((one) => one.frequencies.name === frequencies.name && one.prefix === prefix);
    if (!isKnown) this.#all = [...this.#all, { frequencies, prefix }];
  }

  /** A prompt that makes the sequence this long is computed. */
  begin(length: number): void {
    this.#prompt = length;
  }

  /** Whether a sequence of this length must be computed again from its beginning. */
  mustBegin(length: number): boolean {
    return this.#all.some(({ frequencies, prefix }) => {
      return frequencies.past === 'again' && !turnAlike(frequencies, this.#prompt + prefix, length + prefix);
    });
  }

  /** Whether the first `rows` rows are what they are in a prompt that makes the sequence this long. */
  serve(rows: number, length: number): boolean {
    return this.#all.every(({ frequencies, prefix }) => {
      for (let own = this.#prompt; own <= Math.max(this.#prompt, rows); own++) {
        if (!turnAlike(frequencies, own + prefix, length + prefix)) return false;
      }
      return true;
    });
  }

  copy(): LengthTurns {
    const made = new LengthTurns();
    made.#all = this.#all;
    made.#prompt = this.#prompt;
    return made;
  }

  /** No row is left. */
  clear(): void {
    this.#all = [];
  }
}
