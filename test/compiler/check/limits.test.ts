import { describe, expect, it } from 'vitest';
import { told } from './kit.js';

const many = (count: number, line: (i: number) => string): string =>
  Array.from({ length: count }, (_, i) => line(i)).join('\n');
const model = (body: string): string => `model M(width = 2) {\n  input x: float[B, T, width]\n${body}\n}\n`;

/** Specs that would take for ever, or more stack than there is, if they were taken at their word. */
const large: readonly [name: string, text: string, expected: readonly RegExp[]][] = [
  [
    'a chain of 20,000 numbers',
    model(`let n0 = width\n${many(20_000, (i) => `let n${i + 1} = n${i} + width`)}\noutput y = x -> linear(n20000)`),
    [/TFM2049 .*too many parts/],
  ],
  [
    'numbers that double',
    model(`let n0 = width\n${many(60, (i) => `let n${i + 1} = n${i} * n${i} + n${i}`)}\noutput y = x -> linear(n60)`),
    [/TFM2049 .*too many parts/],
  ],
  [
    'lists that double',
    model(`let n0 = [width, 3]\n${many(60, (i) => `let n${i + 1} = [n${i}, n${i}]`)}\noutput y = x -> linear(n60[0])`),
    [/TFM2049 .*too many parts/],
  ],
  [
    'a chain of 5,000 stages',
    model(`let s0 = relu\n${many(5000, (i) => `let s${i + 1} = s${i} -> relu`)}\noutput y = x -> s5000`),
    [/TFM2049 .*too deeply/],
  ],
  [
    'a chain of 5,000 values',
    model(`let h0 = x\n${many(5000, (i) => `let h${i + 1} = h${i} -> relu`)}\noutput y = h5000`),
    [],
  ],
  [
    'blocks that double',
    model(`output y = x -> B30\nblock B0 = relu\n${many(30, (i) => `block B${i + 1} = B${i} -> B${i}`)}`),
    [/TFM2049 .*too many stages/],
  ],
  [
    'stages that double',
    model(`block B0 = relu\n${many(30, (i) => `block B${i + 1} = B${i} + B${i}`)}\noutput y = x -> B30`),
    [/TFM2049 .*too many stages/],
  ],
  [
    'functions that double',
    `fn f0(x) = x + 1\n${many(40, (i) => `fn f${i + 1}(x) = f${i}(f${i}(x))`)}\n${model('output y = x -> f40')}`,
    [/TFM2049/],
  ],
  [
    'masks that double',
    model(
      `mask m0 = causal\n${many(40, (i) => `mask m${i + 1} = m${i} and m${i}`)}\noutput y = x -> attention(1, mask: m40)`,
    ),
    [/TFM2049 /],
  ],
  ['a million copies', model('output y = x -> repeat(1000000) as layers { linear(width) }'), []],
  [
    'a million copies of another shape',
    model('output y = x -> repeat(1000000) as layers { linear(2 * width) }'),
    [/TFM2226/],
  ],
  ['repeats in repeats', model(`output y = x -> ${'repeat(2) { '.repeat(40)}linear(width)${' }'.repeat(40)}`), []],
  [
    'repeats in repeats that fail',
    model(`output y = x -> ${'repeat(2) { '.repeat(40)}linear(width * 2)${' }'.repeat(40)}`),
    [/TFM2\d\d\d/],
  ],
  ['a function of itself', `fn f(x) = f(x) + f(x)\n${model('output y = x -> f')}`, [/TFM2042 f uses itself/]],
  [
    'a function by way of others',
    `fn f(x) = g(x)\nfn g(x) = h(x)\nfn h(x) = f(x)\n${model('output y = x -> linear(f(3))')}`,
    [/TFM2042/],
  ],
  ['a function given to itself', `fn w(f, x) = f(f, x)\n${model('output y = x -> linear(w(w, 3))')}`, [/TFM2042/]],
  [
    'a lambda given to itself',
    model('output y = x -> attention(1, score: (s) => ((f) => f(f))((f) => f(f)))'),
    [/TFM\d+/],
  ],
  [
    'a block by way of another',
    model('output y = x -> First\nblock First = Second\nblock Second = residual { First } -> First'),
    [/TFM2042/],
  ],
  [
    'a match of a billion cases',
    model('output y = x -> repeat(width, i) { match i % 1000000000 { 0 => relu, 1 => gelu } }'),
    [/TFM2223/],
  ],
  ['powers of powers', model('output y = x -> linear(10 ** 10 ** 10 ** 10)'), [/TFM2204/]],
];

describe('what is too large or endless is told, soon', () => {
  it.each(large)('%s', (_, text, expected) => {
    const found = told(text);
    expect(found.filter((line) => line.startsWith('TFM9'))).toEqual([]);
    for (const pattern of expected) expect(found.join('\n')).toMatch(pattern);
    if (expected.length === 0) expect(found).toEqual([]);
  });

  it('a definition may be its own argument', () => {
    expect(told(model('output y = x -> Twice(Twice(relu))\nblock Twice(f) = f -> f'))).toEqual([]);
  });
});
