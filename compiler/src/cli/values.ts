import { InvalidArgumentError } from 'commander';

/** Parsers of option values; what they refuse ends with exit status 2. */
type Parser<T> = (text: string, previous?: T) => T;

/** A number within a range. Numbers are decimal: `0.8`, `1e-3`. */
export function numberValue(low: number, high: number, what: string): Parser<number> {
  return (text) => {
    const value = /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(text) ? Number(text) : Number.NaN;
    if (!(value >= low && value <= high)) throw new InvalidArgumentError(`It is ${what}.`);
    return value;
  };
}

/** A whole number of at least `low`. */
export function wholeValue(low: number): Parser<number> {
  return (text) => {
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (!(value >= low && Number.isSafeInteger(value))) {
      throw new InvalidArgumentError(`It is a whole number of at least ${low}.`);
    }
    return value;
  };
}

/** `1,2,3` */
export function tokenValues(text: string): number[] {
  const parts = text.split(',').map((part) => part.trim());
  if (!parts.every((part) => /^\d+$/.test(part))) throw new InvalidArgumentError('It is a list of token ids: 1,2,3.');
  return parts.map(Number);
}

/** `T=128`, several times. */
export function sizeValues(
  text: string,
  previous: ReadonlyMap<string, number> = new Map(),
): ReadonlyMap<string, number> {
  const sizes = new Map(previous);
  for (const part of text.split(',')) {
    const match = /^\s*(\w+)\s*=\s*(\d+)\s*$/.exec(part);
    if (!match) throw new InvalidArgumentError('It is a dimension and its size: T=128.');
    sizes.set(match[1]!, Number(match[2]));
  }
  return sizes;
}

/** `name=value`, several times: numbers, `true`, `false`, `none`, lists `[1, 2]` and text. */
export function settingValues(text: string, previous: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  const match = /^\s*([A-Za-z_]\w*)\s*=(.*)$/s.exec(text);
  if (!match) throw new InvalidArgumentError('It is a parameter and its value: width=256.');
  return { ...previous, [match[1]!]: settingValue(match[2]!.trim()) };
}

/** The value that a setting's text means. What is no number, truth, `none` or list is text. */
export function settingValue(text: string): unknown {
  if (text === 'true' || text === 'false') return text === 'true';
  if (text === 'none') return null;
  if (/^[-+]?(\d[\d_]*\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(text)) return Number(text.replaceAll('_', ''));
  if (text.startsWith('[') && text.endsWith(']')) {
    const inner = text.slice(1, -1).trim();
    return inner === '' ? [] : inner.split(',').map((item) => settingValue(item.trim()));
  }
  const quoted = /^(["'])(.*)\1$/s.exec(text);
  return quoted ? quoted[2] : text;
}

/** Collects every occurrence of an option, and the names in it between commas. */
export function names(text: string, previous: readonly string[] = []): readonly string[] {
  return [...previous, ...text.split(',').map((name) => name.trim())];
}

/** Collects every occurrence of an option as it is. */
export const texts: Parser<readonly string[]> = (text, previous = []) => [...previous, text];

/** `50256=-100`, several times: a bias for each token id. */
export function biasValues(text: string, previous: Readonly<Record<number, number>> = {}): Record<number, number> {
  const match = /^\s*(\d+)\s*=\s*([-+]?(?:\d+\.?\d*|\.\d+))\s*$/.exec(text);
  if (!match) throw new InvalidArgumentError('It is a token id and a number: 50256=-100.');
  return { ...previous, [Number(match[1])]: Number(match[2]) };
}
