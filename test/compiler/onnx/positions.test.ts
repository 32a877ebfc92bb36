// Replaces a module, as the others of this process do.
// @vitest-environment-options { "process": "recorders" }
import { Tensor } from 'onnxruntime-node';
import { describe, expect, test, vi } from 'vitest';
import { sequenceCases } from '../../support/cases/sequence.js';
import { relativeError } from '../../support/compare.js';
import { subjectOfText } from '../../support/differential/subject.js';
import { build, nd } from '../../support/reference/array.js';
import { axial, type RotaryReference, rotary, sinusoidal } from '../../support/reference/positions.js';
import { OnnxEntry } from './engine.js';
import { runTraced } from './traced.js';

vi.mock('../../../runtime/src/index.js', async (original) => ({
  ...(await original<object>()),
  ...(await import('../../support/trace.js')).recorders,
}));

/** Those that are not somewhere within a sequence: see below. */
const own = sequenceCases.filter(
  ({ name }) => /^(sinusoidal|learned|axial|rotary)/.test(name) && !/grow|position 4/.test(name),
);

describe.each([
  [17, true],
  [23, true],
  [24, true],
  [23, false],
])('opset %i, sizes of inputs open: %s', (opset, symbolic) => {
  test.each(own)('$name', async (of) => {
    const open = (axis: number): boolean => axis < 2;
    const isOpen = symbolic && ((axis: number, _: readonly number[], i: number) => i === 0 && open(axis));
    const { shape, values } = await runTraced(of, { opset, symbolic: isOpen });
    const expected = of.reference(...of.inputs);
    expect(shape).toEqual(expected.shape);
    expect(relativeError(values, expected.data)).toBeLessThan(1e-6);
  });
});

const width = 8;

/** A model that gives its rows as they are, but for their positions. */
const passing = (positions: string, most: number): string => `
  model Test(vocab = ${width}, width = ${width}) {
    input tokens: token[B, T <= ${most}] of vocab start 1
    output rows: float[B, T, vocab] =
      tokens -> embedding(vocab, width) as words -> ${positions} -> linear(vocab, bias: false) as head
    generate tokens from rows
  }`;

const identity = build([width, width], (i, j) => Number(i === j));

interface Weights {
  readonly [path: string]: Float32Array;
}

/** The rows of tokens 0, 1, … from a position on, as a decode step computes them; embedding and head are the identity. */
async function rowsAt(positions: string, at: number, opset: number, weights: Weights = {}): Promise<number[]> {
  const text = passing(positions, Object.keys(weights).length > 0 ? 10 : 200_000);
  const subject = await subjectOfText({ text, model: 'Test', settings: {}, shortest: {} });
  const ones = Float32Array.from(identity.data);
  const all = new Map(Object.entries({ 'words.weight': ones, 'head.weight': ones, ...weights }));
  const decode = await OnnxEntry.open(subject, 'decode', opset, all);
  const { rows } = await decode.run({
    tokens: new Tensor('int64', BigInt64Array.from([0n, 1n, 2n]), [1, 3]),
    position: new Tensor('int64', BigInt64Array.of(BigInt(at)), []),
  });
  await decode.close();
  return Array.from(rows!.data as Float32Array);
}

const rows = nd([1, 3, width], Array.from(identity.data.slice(0, 3 * width)));
const numbered = (count: number, by: number) =>
  nd(
    [count, width],
    Array.from({ length: count * width }, (_, i) => i * by),
  );

describe.each([17, 23])('rows behind others, opset %i', (opset) => {
  test.each([5, 100_000, 199_990])('sinusoidal, from position %i', async (start) => {
    const found = await rowsAt('sinusoidal_positions(layout: halves, base: 500)', start, opset);
    const expected = sinusoidal(rows, { layout: 'halves', base: 500, start });
    expect(relativeError(found, expected.data)).toBeLessThan(1e-6);
  });

  test('learned, with an offset', async () => {
    const table = numbered(14, 0.25);
    const weights = { 'places.weight': Float32Array.from(table.data) };
    const found = await rowsAt('learned_positions(12, offset: 2) as places', 4, opset, weights);
    expect(found).toEqual(Array.from(rows.data, (value, i) => value + table.data[6 * width + i]!));
  });

  test.each([10, 11, 12, 20])('learned positions beyond the table are an error, from %i', async (start) => {
    const weights = { 'places.weight': Float32Array.from(numbered(12, 0.25).data) };
    await expect(rowsAt('learned_positions(12) as places', start, opset, weights)).rejects.toThrow(
      /out of data bounds/,
    );
  });

  test('axial', async () => {
    const [down, across] = [numbered(3, 1), numbered(4, 0.5)];
    const weights = {
      'places.rows': Float32Array.from(down.data),
      'places.columns': Float32Array.from(across.data),
    };
    const found = await rowsAt('axial_positions(3, 4) as places', 6, opset, weights);
    expect(found).toEqual(Array.from(axial(rows, down, across, 6).data));
  });

  test.each<[string, RotaryReference]>([
    ['rotary', {}],
    ['rotary(theta: 500000, pairs: interleaved)', { theta: 500_000, pairs: 'interleaved' }],
    ['rotary(share: 0.5)', { share: 0.5 }],
    ['rotary(frequency: (f) => if f < 0.1 then f / 8 else f)', { frequency: (f) => (f < 0.1 ? f / 8 : f) }],
  ])('%s', async (positions, reference) => {
    for (const start of [1, 77, 199_990]) {
      const found = await rowsAt(`split_heads(2) -> ${positions} -> join_heads`, start, opset);
      const split = nd([1, 3, 2, width / 2], Array.from(rows.data));
      expect(relativeError(found, rotary(split, { ...reference, start }).data)).toBeLessThan(1e-6);
    }
  });

  test('rotary by the length of the sequence, of which each part is computed where it is known', async () => {
    const slower = 'if length > 80 and f < 0.5 then f / (length - 77) else f * (f + 1) ** (length / 1000)';
    const reference = (length: number) => (f: number) =>
      length > 80 && f < 0.5 ? f / (length - 77) : f * (f + 1) ** (length / 1000);
    for (const start of [1, 77, 78]) {
      const positions = `rotary(frequency: (f, length) => ${slower}, past: kept)`;
      const found = await rowsAt(`split_heads(2) -> ${positions} -> join_heads`, start, opset);
      const split = nd([1, 3, 2, width / 2], Array.from(rows.data));
      const expected = rotary(split, { frequency: reference(start + 3), start }).data;
      expect(relativeError(found, expected)).toBeLessThan(1e-6);
    }
  });

  test('steps that may have to compute the past again are no file', async () => {
    const positions = 'split_heads(2) -> rotary(frequency: (f, length) => f / length) -> join_heads';
    await expect(rowsAt(positions, 1, opset)).rejects.toThrow(/the past computed again/);
  });
});
