import { describe, expect, it } from 'vitest';
import { openCheckpoint } from '../../../runtime/src/weights/checkpoint.js';
import { nativeArray } from '../../../runtime/src/weights/decode.js';
import type { Dtype } from '../../../runtime/src/weights/dtypes.js';
import { type TensorToWrite, toSafetensors, writeSafetensors } from '../../../runtime/src/weights/encode.js';
import { decodeBF16, decodeF16, encodeBF16, encodeF16 } from '../../../runtime/src/weights/half.js';
import { errorOf, fileWith } from './kit.js';

/** binary16 by its definition: (-1)^s · 2^(e-15) · 1.f, subnormal 2^-14 · 0.f. */
function halfValue(pattern: number): number {
  const sign = pattern >> 15 === 0 ? 1 : -1;
  const exponent = (pattern >> 10) & 31;
  const fraction = (pattern & 0x3ff) / 1024;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return exponent === 0 ? sign * fraction * 2 ** -14 : sign * (1 + fraction) * 2 ** (exponent - 15);
}

const patterns = Uint16Array.from({ length: 65536 }, (_, i) => i);

describe('16-bit floats', () => {
  it('decodes every binary16 pattern', () => {
    const decoded = new Float32Array(65536);
    decodeF16(patterns, decoded, 0);
    const wrong = [...patterns].filter((pattern) => !Object.is(decoded[pattern], halfValue(pattern)));
    expect(wrong).toEqual([]);
  });

  it.each([
    ['binary16', decodeF16, encodeF16],
    ['bfloat16', decodeBF16, encodeBF16],
  ] as const)('encodes every %s value back to its pattern', (_, decode, encode) => {
    const decoded = new Float32Array(65536);
    decode(patterns, decoded, 0);
    const encoded = new Uint16Array(65536);
    encode(decoded, encoded);
    expect([...patterns].filter((p) => encoded[p] !== p && !Number.isNaN(decoded[p]))).toEqual([]);
    const again = new Float32Array(65536);
    decode(encoded, again, 0);
    expect([...patterns].filter((p) => Number.isNaN(decoded[p]) !== Number.isNaN(again[p]))).toEqual([]);
  });

  it.each([
    [1 + 2 ** -11, 1, 'a tie goes to even, down'],
    [1 + 3 * 2 ** -11, 1 + 2 ** -9, 'a tie goes to even, up'],
    [1 + 2 ** -11 + 2 ** -20, 1 + 2 ** -10, 'above a tie goes up'],
    [65519, 65504, 'the largest'],
    [65520, Number.POSITIVE_INFINITY, 'too large'],
    [2 ** -25, 0, 'half the smallest subnormal'],
    [3 * 2 ** -25, 2 ** -23, 'a subnormal tie'],
    [1023.75 * 2 ** -24, 2 ** -14, 'a subnormal that becomes normal'],
    [-1e-8, -0, 'the sign of zero'],
  ])('rounds %d to the nearest binary16 %d (%s)', (from, to) => {
    const halves = new Uint16Array(1);
    encodeF16(Float32Array.of(from), halves);
    expect(halfValue(halves[0]!)).toBe(to);
  });

  it('rounds to the nearest bfloat16, ties to even', () => {
    const halves = new Uint16Array(3);
    encodeBF16(Float32Array.of(1 + 2 ** -8, 1 + 3 * 2 ** -8, 3.4e38), halves);
    const back = new Float32Array(3);
    decodeBF16(halves, back, 0);
    expect([...back]).toEqual([1, 1 + 2 ** -6, Number.POSITIVE_INFINITY]);
  });
});

/** One tensor of this format, given by a function that sets each element in a DataView. */
function single(dtype: Dtype, width: number, count: number, set: (view: DataView, i: number) => void): Uint8Array {
  const bytes = fileWith({ x: { dtype, shape: [count], data_offsets: [0, width * count] } }, width * count);
  const view = new DataView(bytes.buffer, bytes.length - width * count);
  for (let i = 0; i < count; i++) set(view, i);
  return bytes;
}

const signed = [0, 1, -1, 100, -128];
const cases: [Dtype, number, number[], (view: DataView, at: number, x: number) => void][] = [
  ['F64', 8, [0.1, -1e300, Number.NaN, 5e-324, -0], (v, at, x) => v.setFloat64(at, x, true)],
  ['F32', 4, [Math.fround(0.1), -0, Number.NaN, Math.fround(1e-45)], (v, at, x) => v.setFloat32(at, x, true)],
  ['I64', 8, [...signed, 2 ** 31 - 1, -(2 ** 31)], (v, at, x) => v.setBigInt64(at, BigInt(x), true)],
  ['I32', 4, [...signed, 2 ** 31 - 1, -(2 ** 31)], (v, at, x) => v.setInt32(at, x, true)],
  ['I16', 2, [...signed, 32767, -32768], (v, at, x) => v.setInt16(at, x, true)],
  ['I8', 1, signed, (v, at, x) => v.setInt8(at, x)],
  ['U64', 8, [0, 1, 2 ** 31 - 1], (v, at, x) => v.setBigUint64(at, BigInt(x), true)],
  ['U32', 4, [0, 1, 2 ** 31 - 1], (v, at, x) => v.setUint32(at, x, true)],
  ['U16', 2, [0, 1, 65535], (v, at, x) => v.setUint16(at, x, true)],
  ['U8', 1, [0, 1, 255], (v, at, x) => v.setUint8(at, x)],
  ['BOOL', 1, [0, 1, 1], (v, at, x) => v.setUint8(at, x)],
];

describe('reading every format', () => {
  it.each(cases)('%s, in its own kind and as float32', async (dtype, width, values, set) => {
    const bytes = single(dtype, width, values.length, (view, i) => set(view, i * width, values[i] ?? 0));
    // The second copy starts at an odd address: no view of its elements is possible.
    const shifted = new Uint8Array(bytes.length + 1);
    shifted.set(bytes, 1);
    for (const file of [bytes, shifted.subarray(1)]) {
      const checkpoint = await openCheckpoint(file);
      const own = await checkpoint.read('x');
      expect(own.constructor).toBe(nativeArray(dtype, 0).constructor);
      expect([...own]).toEqual(values.map((x) => (dtype === 'F64' ? Math.fround(x) : x)));
      expect([...(await checkpoint.readFloat32('x'))]).toEqual(values.map(Math.fround));
    }
  });

  it.each([
    ['I64', 2n ** 31n],
    ['I64', -(2n ** 31n) - 1n],
    ['U64', 2n ** 63n],
  ] as const)('%s %d is an error as int32 and the nearest value as float32', async (dtype, x) => {
    const checkpoint = await openCheckpoint(
      single(dtype, 8, 1, (view) => view.setBigUint64(0, BigInt.asUintN(64, x), true)),
    );
    const error = await errorOf(() => checkpoint.read('x'));
    expect(error.code).toBe('TFM5109');
    expect(error.message).toContain(String(Number(x)));
    expect([...(await checkpoint.readFloat32('x'))]).toEqual([Math.fround(Number(x))]);
  });

  it('U32 beyond int32 is an error', async () => {
    const checkpoint = await openCheckpoint(single('U32', 4, 1, (view) => view.setUint32(0, 2 ** 31, true)));
    expect((await errorOf(() => checkpoint.read('x'))).code).toBe('TFM5109');
  });

  it('a byte other than 0 and 1 is true as bool', async () => {
    const checkpoint = await openCheckpoint(single('BOOL', 1, 2, (view, i) => view.setUint8(i, 7 * i)));
    expect([...(await checkpoint.read('x'))]).toEqual([0, 1]);
  });
});

const tensors: TensorToWrite[] = [
  { name: 'flags', dtype: 'BOOL', shape: [3], data: Uint8Array.of(1, 0, 9) },
  { name: 'ids', dtype: 'I64', shape: [2, 2], data: Int32Array.of(1, -2, 2 ** 31 - 1, -(2 ** 31)) },
  { name: 'rows', dtype: 'I32', shape: [2], data: Int32Array.of(-7, 7) },
  { name: 'half', dtype: 'F16', shape: [2], data: Float32Array.of(0.5, 65504) },
  { name: 'brain', dtype: 'BF16', shape: [1], data: Float32Array.of(-2) },
  { name: '10', dtype: 'F32', shape: [], data: () => Promise.resolve(Float32Array.of(0.1)) },
  { name: '9"\u2713', dtype: 'F32', shape: [0, 4], data: new Float32Array(0) },
];

describe('writeSafetensors', () => {
  it('writes what is read back', async () => {
    const checkpoint = await openCheckpoint(await toSafetensors(tensors, { format: 'pt', author: 'é' }));
    expect(checkpoint.metadata).toEqual({ author: 'é', format: 'pt' });
    const read: Record<string, [string, readonly number[], number[]]> = {};
    for (const name of checkpoint.names()) {
      const { dtype, shape } = checkpoint.entry(name);
      read[name] = [dtype, shape, [...(await checkpoint.read(name))]];
    }
    expect(read).toEqual({
      flags: ['BOOL', [3], [1, 0, 1]],
      ids: ['I64', [2, 2], [1, -2, 2 ** 31 - 1, -(2 ** 31)]],
      rows: ['I32', [2], [-7, 7]],
      half: ['F16', [2], [0.5, 65504]],
      brain: ['BF16', [1], [-2]],
      '10': ['F32', [], [Math.fround(0.1)]],
      '9"\u2713': ['F32', [0, 4], []],
    });
  });

  it('gives the same bytes in any order, with an aligned header', async () => {
    const bytes = await toSafetensors(tensors);
    expect(await toSafetensors(tensors.toReversed())).toEqual(bytes);
    expect(new DataView(bytes.buffer).getUint32(0, true) % 8).toBe(0);
  });

  it('writes a large tensor in pieces', async () => {
    const data = Float32Array.from({ length: 3_000_000 }, (_, i) => i % 1000);
    const sizes: number[] = [];
    for await (const piece of writeSafetensors([{ name: 'x', dtype: 'F16', shape: [3, 1000, 1000], data }])) {
      sizes.push(piece.length);
    }
    expect(Math.max(...sizes)).toBeLessThanOrEqual(16 * 2 ** 20);
    const checkpoint = await openCheckpoint(
      await toSafetensors([{ name: 'x', dtype: 'F16', shape: [3_000_000], data }]),
    );
    const read = await checkpoint.readFloat32('x');
    expect(read.findIndex((x, i) => x !== data[i])).toBe(-1);
    expect(read.length).toBe(data.length);
  });

  it.each<[string, TensorToWrite[]]>([
    ['a second', [tensors[2]!, tensors[2]!]],
    ["a '__metadata__'", [{ ...tensors[2]!, name: '__metadata__' }]],
    ['needs 3', [{ ...tensors[2]!, shape: [3] }]],
    ['Int32Array cannot become F32', [{ ...tensors[2]!, dtype: 'F32' }]],
    ['Float32Array cannot become I64', [{ ...tensors[3]!, dtype: 'I64' }]],
  ])('refuses: %s', async (message, list) => {
    const error = await errorOf(() => toSafetensors(list));
    expect(error.code).toBe('TFM5116');
    expect(error.message).toContain(message);
  });
});
