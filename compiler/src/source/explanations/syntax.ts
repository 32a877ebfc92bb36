import { type Explanation, lines } from './explanation.js';

export const syntaxExplanations: Readonly<Record<string, Explanation>> = {
  TFM1001: {
    meaning: lines`
      The text contains characters that no part of the language begins with, or a string that does not end. The rest of the
      file is read all the same, so that one run shows every mistake.
    `,
    bad: lines`
      model Tiny(width = 8) {
        input x: float[B, T, width]
        output y = x -> linear(width) -> relu ~
      }
    `,
    good: lines`
      model Tiny(width = 8) {
        input x: float[B, T, width]
        output y = x -> linear(width) -> relu
      }
    `,
  },
  TFM1002: {
    meaning: lines`
      The words and signs are known, but not in this order. The message says what could stand at the marked place. Every
      statement begins with a keyword, so line breaks carry no meaning; lists are separated by commas.
    `,
    bad: lines`
      model Tiny(width = 8) {
        input x: float[B, T, width]
        output y = x -> linear(width) -> -> relu
      }
    `,
    good: lines`
      model Tiny(width = 8) {
        input x: float[B, T, width]
        output y = x -> linear(width) -> relu
      }
    `,
  },
};
