// @ts-check
// The inputs of a case: the same numbers in every process.
/** @import { Case, CaseInput, InputValue } from './types.js' */

/**
 * @param {Case} what
 * @returns {InputValue[]}
 */
export const inputValues = ({ inputs }) => inputs.map((input, i) => ({ ...input, values: valuesOf(input, i + 1) }));

/**
 * @param {CaseInput} input
 * @param {number} seed
 */
function valuesOf({ kind, shape, of = 1 }, seed) {
  const count = shape.reduce((product, size) => product * size, 1);
  const random = uniform(seed);
  if (kind === 'floats') return Float32Array.from({ length: count }, () => 2 * random() - 1);
  const first = kind === 'tokens' ? 1 : 0;
  return Int32Array.from({ length: count }, () => first + Math.floor(random() * (of - first)));
}

/**
 * Numbers in [0, 1): mulberry32.
 * @param {number} seed
 */
export function uniform(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/**
 * Rows of token ids, as generated code takes them.
 * @param {InputValue} input
 * @param {number} [from]
 * @param {number} [to]
 * @returns {number[][]}
 */
export function tokenRows({ values, shape }, from = 0, to = Number(shape[1])) {
  const [batch = 1, length = 1] = shape;
  return Array.from({ length: batch }, (_, b) => Array.from(values.subarray(b * length + from, b * length + to)));
}
