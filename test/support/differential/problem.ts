import type { Disagreement } from './compare.js';

/** Something on which two engines disagree. */
export interface Problem {
  readonly words: string;
  /** How far it is off, in units of what is allowed; infinite where that has no meaning. */
  readonly apart: number;
  /** The output that is off. */
  readonly output: string;
}

/** `wasm, B = 2, T = 3: logits is …` */
export function problemOf(place: string, output: string, { words, apart }: Disagreement): Problem {
  return { words: `${place}: ${output} ${words}`, apart, output };
}

export const failed = (place: string, words: string): Problem => ({
  words: `${place}: ${words}`,
  apart: Number.POSITIVE_INFINITY,
  output: '',
});
