import { TfmError } from '../errors.js';

/** Text that may be shown, and whether one of the strings ended it. */
interface Shown {
  readonly text: string;
  readonly stopped: boolean;
}

/**
 * Cuts a text that comes in pieces before the first of some strings that is complete. How the text is cut into pieces changes
 * nothing: what may become one of the strings is held back. Throws TFM5307 for an empty string.
 */
export class StopStrings {
  readonly #stops: readonly string[];
  #held = '';

  constructor(stops: readonly string[]) {
    if (stops.includes('')) throw new TfmError('TFM5307', 'a stop string is empty', 'it has at least one character');
    this.#stops = stops;
  }

  push(piece: string): Shown {
    const text = this.#held + piece;
    const found = this.#stops
      .map((stop) => ({ begin: text.indexOf(stop), length: stop.length }))
      .filter(({ begin }) => begin >= 0)
      .sort((a, b) => a.begin + a.length - (b.begin + b.length) || a.begin - b.begin);
    const [first] = found;
    if (first) {
      this.#held = '';
      return { text: text.slice(0, first.begin), stopped: true };
    }
    const certain = text.length - this.#beginningIn(text);
    this.#held = text.slice(certain);
    return { text: text.slice(0, certain), stopped: false };
  }

  /** What is held back, now that nothing follows. */
  end(): string {
    const text = this.#held;
    this.#held = '';
    return text;
  }

  /** The length of the longest end of the text with which one of the strings begins. */
  #beginningIn(text: string): number {
    let longest = 0;
    for (const stop of this.#stops) {
      for (let length = Math.min(stop.length - 1, text.length); length > longest; length--) {
        if (text.endsWith(stop.slice(0, length))) longest = length;
      }
    }
    return longest;
  }
}
