import fc from 'fast-check';
import { expect, it } from 'vitest';
import { openCheckpoint } from '../../../runtime/src/weights/checkpoint.js';
import { SafetensorsError } from '../../../runtime/src/weights/safetensors-error.js';
import { fileWith } from './kit.js';

/** Widths of the formats, written down a second time. */
const WIDTH: Record<string, number> = {
  F64: 8,
  F32: 4,
  F16: 2,
  BF16: 2,
  I64: 8,
  I32: 4,
  I16: 2,
  I8: 1,
  U64: 8,
  U32: 4,
  U16: 2,
  U8: 1,
  BOOL: 1,
};

const seed = [
  { name: 'embed', dtype: 'F32', shape: [3, 4] },
  { name: 'layers.0.weight', dtype: 'F16', shape: [2, 3] },
  { name: 'layers.0.bias', dtype: 'F32', shape: [3] },
  { name: 'empty', dtype: 'I8', shape: [0] },
  { name: 'mask', dtype: 'BOOL', shape: [4] },
];

function validHeader(): Record<string, { dtype: unknown; shape: unknown; data_offsets: unknown }> {
  let position = 0;
  const header: ReturnType<typeof validHeader> = {};
  for (const { name, dtype, shape } of seed) {
    const end = position + WIDTH[dtype]! * shape.reduce((a, b) => a * b, 1);
    header[name] = { dtype, shape, data_offsets: [position, end] };
    position = end;
  }
  return header;
}
const DATA_BYTES = 48 + 12 + 12 + 4;
const valid = fileWith(validHeader(), DATA_BYTES);

/**
 * What a file says, by the plainest reading of the format, or undefined where it breaks a rule. The text is taken as
 * a sequence of members (no JSON.parse of the whole), so that a duplicate name cannot hide.
 */
function plainReading(
  bytes: Uint8Array,
): Map<string, { dtype: string; shape: number[]; begin: number; end: number }> | undefined {
  if (bytes.length < 8) return undefined;
  const length = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true);
  if (length > BigInt(bytes.length - 8)) return undefined;
  const begin = 8 + Number(length);
  const members = /"((?:[^"\\]|\\.)*)":\{"dtype":"(\w+)","shape":\[([\d,]*)\],"data_offsets":\[(\d+),(\d+)\]\}/gy;
  const text = new TextDecoder().decode(bytes.subarray(8, begin)).trimEnd();
  if (!text.startsWith('{') || !text.endsWith('}')) return undefined;
  const found = new Map<string, { dtype: string; shape: number[]; begin: number; end: number }>();
  members.lastIndex = 1;
  for (let match = members.exec(text); match !== null; match = members.exec(text)) {
    const [, rawName = '', dtype = '', sizes = '', first, last] = match;
    const name = JSON.parse(`"${rawName}"`) as string;
    const shape = sizes === '' ? [] : sizes.split(',').map(Number);
    if (found.has(name) || shape.reduce((a, b) => a * b, WIDTH[dtype] ?? Number.NaN) !== Number(last) - Number(first)) {
      return undefined;
    }
    found.set(name, { dtype, shape, begin: begin + Number(first), end: begin + Number(last) });
    if (text[members.lastIndex] === ',') members.lastIndex += 1;
  }
  const owners = new Uint8Array(bytes.length);
  for (const tensor of found.values()) for (let i = tensor.begin; i < tensor.end; i++) owners[i] = (owners[i] ?? 0) + 1;
  return owners.subarray(begin).every((count) => count === 1) ? found : undefined;
}

const anyByte = fc.nat(255);
const corruption = fc.oneof(
  fc.record({ kind: fc.constant('flip' as const), at: fc.nat(valid.length - 1), bit: fc.nat(7) }),
  fc.record({ kind: fc.constant('set' as const), at: fc.nat(valid.length - DATA_BYTES - 1), byte: anyByte }),
  fc.record({ kind: fc.constant('data' as const), at: fc.nat(DATA_BYTES - 1), byte: anyByte }),
  fc.record({ kind: fc.constant('cut' as const), at: fc.nat(valid.length - 1) }),
  fc.record({ kind: fc.constant('insert' as const), at: fc.nat(valid.length), byte: anyByte }),
  fc.record({
    kind: fc.constant('remove' as const),
    at: fc.nat(valid.length - 1),
    count: fc.integer({ min: 1, max: 40 }),
  }),
  fc.record({ kind: fc.constant('length' as const), at: fc.nat(7), byte: anyByte }),
  fc.record({
    kind: fc.constant('field' as const),
    tensor: fc.constantFrom(...seed.map(({ name }) => name)),
    field: fc.constantFrom('dtype' as const, 'shape' as const, 'data_offsets' as const),
    value: fc.oneof(
      fc.jsonValue(),
      fc.array(fc.oneof(fc.nat(60), fc.integer(), fc.double()), { maxLength: 3 }),
      fc.constantFrom('F64', 'F16', 'I64', 'F8_E5M2', 'f32', 'U8'),
    ),
  }),
  fc.record({ kind: fc.constant('twice' as const), tensor: fc.constantFrom(...seed.map(({ name }) => name)) }),
);
type Corruption = typeof corruption extends fc.Arbitrary<infer T> ? T : never;

function corrupt(bytes: Uint8Array, change: Corruption): Uint8Array {
  const copy = bytes.slice();
  if (change.kind === 'field') {
    const header = validHeader();
    const tensor = header[change.tensor]!;
    tensor[change.field] = change.value;
    return fileWith(header, DATA_BYTES);
  }
  if (change.kind === 'twice') {
    const text = JSON.stringify(validHeader());
    const again = JSON.stringify({ [change.tensor]: validHeader()[change.tensor] }).slice(1);
    return fileWith(`${text.slice(0, -1)},${again}`, DATA_BYTES);
  }
  if (change.kind === 'data') {
    copy.fill(change.byte, copy.length - 1 - change.at, copy.length - change.at);
    return copy;
  }
  const at = Math.min(change.at, Math.max(0, copy.length - 1));
  if (copy.length === 0 || change.kind === 'cut') return copy.slice(0, at);
  if (change.kind === 'flip') copy[at]! ^= 1 << change.bit;
  else if (change.kind === 'set' || change.kind === 'length') copy[at] = change.byte;
  else if (change.kind === 'insert') return Uint8Array.of(...copy.slice(0, at), change.byte, ...copy.slice(at));
  else return Uint8Array.of(...copy.slice(0, at), ...copy.slice(at + change.count));
  return copy;
}

it('a corrupted file gives a SafetensorsError or exactly what it says, 2,000 times', async () => {
  expect(plainReading(valid)?.size).toBe(seed.length);
  let refused = 0;
  let read = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(corruption, { minLength: 1, maxLength: 2 }), async (changes) => {
      const bytes = changes.reduce(corrupt, valid);
      let checkpoint: Awaited<ReturnType<typeof openCheckpoint>>;
      try {
        checkpoint = await openCheckpoint(bytes);
      } catch (error) {
        expect(error).toBeInstanceOf(SafetensorsError);
        refused++;
        return;
      }
      read++;
      const truth = plainReading(bytes);
      expect(new Set(checkpoint.names())).toEqual(new Set(truth?.keys()));
      for (const [name, tensor] of truth ?? []) {
        expect(checkpoint.entry(name)).toEqual({
          dtype: tensor.dtype,
          shape: tensor.shape,
          bytes: tensor.end - tensor.begin,
        });
        const values = await checkpoint.readFloat32(name);
        if (tensor.dtype !== 'F32') continue;
        const raw = new DataView(bytes.buffer, bytes.byteOffset + tensor.begin, tensor.end - tensor.begin);
        expect([...values]).toEqual([...values].map((_, i) => raw.getFloat32(4 * i, true)));
      }
    }),
    { numRuns: 2000, seed: 260 },
  );
  // Both outcomes must really have been tried.
  expect(refused).toBeGreaterThan(1000);
  expect(read).toBeGreaterThan(100);
});
