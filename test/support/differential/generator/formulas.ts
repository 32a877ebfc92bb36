import type { Reader } from './choice.js';

/** What a formula may read. All texts are names or numbers. */
export interface Terms {
  /** Whole numbers: positions, `head`, numbers of the configuration. */
  readonly whole: readonly [string, ...string[]];
  /** Real numbers: the score, elements of tables, inner products, arguments. */
  readonly real: readonly string[];
  /** Conditions: elements of truth tables, `k in text`. */
  readonly conditions: readonly string[];
}

const small = (reader: Reader): string => reader.of('1', '2', '3', '4');

/** A whole number made of whole numbers: exact in float32, so that rounding it is the same on every engine. */
export function whole(reader: Reader, terms: Terms, depth = 2): string {
  const term = (): string => reader.of(...terms.whole);
  if (depth === 0) return term();
  const below = (): string => whole(reader, terms, depth - 1);
  return reader.weighted<() => string>([
    [6, term],
    [6, () => `${term()} - ${term()}`],
    [3, () => `abs(${below()})`],
    [2, () => `(${below()}) % ${small(reader)}`],
    [2, () => `floor((${below()}) / ${small(reader)})`],
    [1, () => `ceil((${below()}) / ${small(reader)})`],
    [1, () => `round((${below()}) / ${small(reader)})`],
    [1, () => `sign(${below()})`],
    [2, () => `min(${below()}, ${below()})`],
    [2, () => `max(${below()}, ${small(reader)})`],
    [2, () => `clamp(${below()}, 0, ${small(reader)})`],
    [1, () => `2 * (${below()}) + 1`],
    [1, () => `-(${below()})`],
    [1, () => `(if ${condition(reader, terms, depth - 1)} then ${below()} else ${below()})`],
  ])();
}

/** A condition. Real numbers are compared only where a comparison cannot tip: never. */
export function condition(reader: Reader, terms: Terms, depth = 2): string {
  const compared = (): string => {
    const [a, b] = [whole(reader, terms, depth), reader.once(2) ? whole(reader, terms, depth) : small(reader)];
    return `${a} ${reader.of('<', '<=', '>', '>=', '==', '!=')} ${b}`;
  };
  const below = (): string => `(${condition(reader, terms, depth - 1)})`;
  const [first, ...others] = terms.conditions;
  return reader.weighted<() => string>([
    [6, compared],
    ...(first === undefined ? [] : [[6, () => reader.of(first, ...others)] as const]),
    ...(depth === 0
      ? []
      : ([
          [3, () => `${below()} and ${below()}`],
          [3, () => `${below()} or ${below()}`],
          [2, () => `not ${below()}`],
        ] as const)),
  ])();
}

/** A real number of moderate size, smooth in what it reads: rounding stays rounding. */
export function real(reader: Reader, terms: Terms, depth = 2): string {
  const leaf = (): string => {
    const [first, ...others] = terms.real;
    if (first !== undefined && reader.once(2)) return reader.of(first, ...others);
    return `0.25 * (${whole(reader, terms, 1)})`;
  };
  if (depth === 0) return leaf();
  const below = (): string => real(reader, terms, depth - 1);
  return reader.weighted<() => string>([
    [4, leaf],
    [3, () => `tanh(${below()})`],
    [2, () => `sigmoid(${below()})`],
    [2, () => `relu(${below()})`],
    [1, () => `leaky_relu(${below()}, 0.2)`],
    [2, () => `log(1 + abs(${below()}))`],
    [1, () => `log2(1 + abs(${below()}))`],
    [2, () => `sqrt(1 + abs(${below()}))`],
    [2, () => `exp(-abs(${below()}))`],
    [1, () => `sin(${below()})`],
    [1, () => `cos(${below()})`],
    [2, () => `2 ** -(abs(${whole(reader, terms, 1)}))`],
    [1, () => `(${whole(reader, terms, 1)}) ** 2 / 8`],
    [2, () => `(${below()} + ${below()})`],
    [2, () => `(${below()} - ${below()})`],
    [2, () => `tanh(${below()}) * tanh(${below()})`],
    [2, () => `(${below()}) / ${small(reader)}`],
    [1, () => `max(${below()}, ${below()})`],
    [1, () => `min(${below()}, ${below()})`],
    [2, () => `clamp(${below()}, -2, 2)`],
    [3, () => `(if ${condition(reader, terms, 1)} then ${below()} else ${below()})`],
  ])();
}
