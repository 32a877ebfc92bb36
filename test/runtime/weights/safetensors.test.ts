import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseHeader } from '../../../runtime/src/weights/safetensors.js';
import { errorOf, fileWith, fixture } from './kit.js';

const entry = { dtype: 'F32', shape: [2], data_offsets: [0, 8] };

describe('parseHeader', () => {
  it('reads the header of a real file', () => {
    const bytes = readFileSync(fixture('examples/stories260K/model.safetensors'));
    const index = parseHeader(bytes, bytes.length);
    expect(index.metadata).toEqual({ format: 'pt' });
    expect(index.tensors.size).toBe(47);
    expect(index.tensors.get('model.layers.4.self_attn.k_proj.weight')).toMatchObject({
      dtype: 'F32',
      shape: [32, 64],
    });
  });

  it.each<[string, unknown, number]>([
    ['no tensors', {}, 0],
    ['a scalar', { a: { dtype: 'F64', shape: [], data_offsets: [0, 8] } }, 8],
    ['an empty tensor', { a: { dtype: 'F32', shape: [0, 5], data_offsets: [0, 0] } }, 0],
    [
      'empty tensors between others',
      { b: { ...entry, data_offsets: [0, 8] }, a: { dtype: 'I8', shape: [0], data_offsets: [8, 8] } },
      8,
    ],
    ['padding after the object', `${JSON.stringify({ a: entry })}     `, 8],
    ['a header of odd length', `${JSON.stringify({ a: entry })} `, 8],
    ['a tensor called __proto__', '{"__proto__":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}', 8],
    ['quotes in a name', { 'a"{:,': entry }, 8],
  ])('accepts %s', (_, header, dataBytes) => {
    const bytes = fileWith(header, dataBytes);
    const { tensors } = parseHeader(bytes, bytes.length);
    const last = [...tensors.values()].at(-1);
    expect(last?.end ?? bytes.length).toBe(bytes.length);
  });

  const big = Number.MAX_SAFE_INTEGER;
  it.each<[string, unknown, number, string, RegExp]>([
    ['text', 'hello', 0, 'TFM5102', /does not begin with '\{'/],
    ['broken JSON', '{"a":', 0, 'TFM5102', /not JSON/],
    ['text after the object', '{} x', 0, 'TFM5102', /not JSON/],
    [
      'a duplicate name',
      `{"a":${JSON.stringify(entry)},"\\u0061":${JSON.stringify(entry)}}`,
      8,
      'TFM5103',
      /'a' twice/,
    ],
    [
      'a duplicate field',
      '{"a":{"dtype":"F32","dtype":"F32","shape":[2],"data_offsets":[0,8]}}',
      8,
      'TFM5103',
      /'dtype' twice/,
    ],
    ['a tensor that is a number', { a: 1 }, 0, 'TFM5104', /'a' is not described by an object/],
    ['a missing field', { a: { dtype: 'F32', shape: [2] } }, 8, 'TFM5104', /no 'data_offsets'/],
    ['an extra field', { a: { ...entry, scale: 1 } }, 8, 'TFM5104', /unknown field 'scale'/],
    ['a format that is a number', { a: { ...entry, dtype: 3 } }, 8, 'TFM5104', /'dtype'/],
    ['an unknown format', { a: { ...entry, dtype: 'F33' } }, 8, 'TFM5105', /unknown format 'F33'/],
    ['a name of Object.prototype', { a: { ...entry, dtype: 'toString' } }, 8, 'TFM5105', /unknown format/],
    ['a format of 8 bits', { a: { ...entry, dtype: 'F8_E5M2' } }, 8, 'TFM5105', /F8_E5M2, which is not supported/],
    ['a shape that is a number', { a: { ...entry, shape: 2 } }, 8, 'TFM5104', /'shape'/],
    ['a negative size', { a: { ...entry, shape: [-2] } }, 8, 'TFM5104', /'shape'/],
    ['a fractional size', { a: { ...entry, shape: [2.5] } }, 8, 'TFM5104', /'shape'/],
    [
      'a size of 2^53',
      '{"a":{"dtype":"F32","shape":[9007199254740992],"data_offsets":[0,8]}}',
      8,
      'TFM5104',
      /'shape'/,
    ],
    ['a product that overflows', { a: { ...entry, shape: [big, big] } }, 8, 'TFM5104', /too large/],
    ['too many dimensions', { a: { ...entry, shape: Array(33).fill(1) } }, 8, 'TFM5104', /33 dimensions/],
    ['one offset', { a: { ...entry, data_offsets: [0] } }, 8, 'TFM5106', /not two positions/],
    ['offsets that are text', { a: { ...entry, data_offsets: ['0', '8'] } }, 8, 'TFM5106', /not two positions/],
    ['an end before its begin', { a: { ...entry, data_offsets: [8, 0] } }, 8, 'TFM5106', /before it begins/],
    [
      'an end outside the file',
      { a: { ...entry, data_offsets: [4, 12] } },
      8,
      'TFM5106',
      /bytes 67 to 75 of the file, which ends at 71/,
    ],
    ['bytes that do not fit the shape', { a: { ...entry, shape: [3] } }, 8, 'TFM5106', /takes 12 bytes.*span 8/],
    ['overlapping tensors', { a: entry, b: { ...entry, data_offsets: [4, 12] } }, 12, 'TFM5107', /'b' overlaps 'a'/],
    ['a hole', { a: entry, b: { ...entry, data_offsets: [12, 20] } }, 20, 'TFM5107', /4 bytes between 'a' and 'b'/],
    [
      'a hole before the first',
      { a: { ...entry, data_offsets: [4, 12] } },
      12,
      'TFM5107',
      /between the header and 'a'/,
    ],
    ['bytes at the end', { a: entry }, 9, 'TFM5107', /1 bytes after 'a'/],
    ['metadata that is a list', { __metadata__: [], a: entry }, 8, 'TFM5108', /not an object/],
    ['metadata that is a number', { __metadata__: { n: 1 }, a: entry }, 8, 'TFM5108', /'n'/],
  ])('refuses %s', async (_, header, dataBytes, code, message) => {
    const bytes = fileWith(header, dataBytes);
    const error = await errorOf(() => parseHeader(bytes, bytes.length));
    expect(error.code).toBe(code);
    expect(error.message).toMatch(message);
  });

  it.each<[string, number[], number, RegExp]>([
    ['an empty file', [], 0, /at least 8 bytes/],
    ['seven bytes', [1, 0, 0, 0, 0, 0, 0], 7, /at least 8 bytes/],
    ['an empty header', [0, 0, 0, 0, 0, 0, 0, 0], 8, /empty/],
    ['a header beyond the file', [9, 0, 0, 0, 0, 0, 0, 0, 0x7b, 0x7d], 10, /claims 9 bytes, but only 2/],
    ['a length of 2^64 - 1', [255, 255, 255, 255, 255, 255, 255, 255, 0x7b, 0x7d], 10, /but only 2/],
    ['a header of more than 100 MB', [1, 225, 245, 5, 0, 0, 0, 0, 0x7b, 0x7d], 1e9, /100000001.*most/],
  ])('refuses %s', async (_, bytes, size, message) => {
    const error = await errorOf(() => parseHeader(Uint8Array.from(bytes), size));
    expect(error.code).toBe('TFM5101');
    expect(error.message).toMatch(message);
  });

  it('refuses bytes that are not UTF-8', async () => {
    const bytes = fileWith('{"a":1}', 0);
    bytes[10] = 0xff;
    expect((await errorOf(() => parseHeader(bytes, bytes.length))).message).toMatch(/UTF-8/);
  });
});
