import type { TypedArray } from './decode.js';
import { dtypeBytes } from './dtypes.js';
import { encodeBF16, encodeF16 } from './half.js';
import { SafetensorsError } from './safetensors-error.js';

/** The number formats that can be written. */
export type WritableDtype = 'F32' | 'F16' | 'BF16' | 'I64' | 'I32' | 'BOOL';

/** One tensor to write. `data` may be a function, called when the tensor's turn comes. */
export interface TensorToWrite {
  readonly name: string;
  readonly dtype: WritableDtype;
  readonly shape: readonly number[];
  readonly data: TypedArray | (() => TypedArray | Promise<TypedArray>);
}

/** Elements that are converted at a time. */
const CHUNK = 2 ** 21;

/**
 * The bytes of a safetensors file, piece by piece. The same tensors give the same bytes, in whatever order they come:
 * wide formats first, then by name, as the reference implementation does, so that every tensor is aligned. At most
 * one tensor is asked for at a time. A piece may be a view of a tensor's own memory: write it out before going on.
 * Throws {@link SafetensorsError} TFM5116 for a duplicate name or data that do not fit.
 */
export async function* writeSafetensors(
  tensors: Iterable<TensorToWrite>,
  metadata: Readonly<Record<string, string>> = {},
): AsyncGenerator<Uint8Array> {
  const sorted = [...tensors].sort(
    (a, b) => dtypeBytes(b.dtype) - dtypeBytes(a.dtype) || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0),
  );
  yield headerBytes(sorted, metadata);
  for (const tensor of sorted) {
    const data = typeof tensor.data === 'function' ? await tensor.data() : tensor.data;
    checkData(tensor, data);
    for (let begin = 0; begin < data.length; begin += CHUNK) {
      yield encode(tensor, data.subarray(begin, Math.min(data.length, begin + CHUNK)));
    }
  }
}

/** The whole file in memory. See {@link writeSafetensors}. */
export async function toSafetensors(
  tensors: Iterable<TensorToWrite>,
  metadata: Readonly<Record<string, string>> = {},
): Promise<Uint8Array<ArrayBuffer>> {
  const list = [...tensors];
  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const piece of writeSafetensors(list, metadata)) {
    pieces.push(piece.slice());
    size += piece.length;
  }
  const file = new Uint8Array(size);
  let position = 0;
  for (const piece of pieces) {
    file.set(piece, position);
    position += piece.length;
  }
  return file;
}

function headerBytes(tensors: readonly TensorToWrite[], metadata: Readonly<Record<string, string>>): Uint8Array {
  const header = new Map<string, unknown>();
  const keys = Object.keys(metadata).sort((a, b) => (a < b ? -1 : 1));
  if (keys.length > 0) header.set('__metadata__', Object.fromEntries(keys.map((key) => [key, metadata[key]])));
  let position = 0;
  for (const { name, dtype, shape } of tensors) {
    if (name === '__metadata__' || header.has(name)) {
      throw new SafetensorsError('TFM5116', `there cannot be ${name === '__metadata__' ? 'a' : 'a second'} '${name}'`);
    }
    const end = position + elements(shape) * dtypeBytes(dtype);
    header.set(name, { dtype, shape, data_offsets: [position, end] });
    position = end;
  }
  // Not Object.fromEntries: an object would put names that look like integers first.
  const fields = [...header].map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`);
  const text = new TextEncoder().encode(`{${fields.join(',')}}`);
  const length = Math.ceil(text.length / 8) * 8;
  const bytes = new Uint8Array(8 + length).fill(0x20);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(length), true);
  bytes.set(text, 8);
  return bytes;
}

function checkData({ name, dtype, shape }: TensorToWrite, data: TypedArray): void {
  if (data.length !== elements(shape)) {
    const text = `'${name}' has ${data.length} values, but its shape [${shape.join(', ')}] needs ${elements(shape)}`;
    throw new SafetensorsError('TFM5116', text);
  }
  const fits = {
    F32: data instanceof Float32Array,
    F16: data instanceof Float32Array,
    BF16: data instanceof Float32Array,
    I64: !(data instanceof Float32Array),
    I32: !(data instanceof Float32Array),
    BOOL: data instanceof Uint8Array,
  };
  if (!fits[dtype]) throw new SafetensorsError('TFM5116', `'${name}': ${data.constructor.name} cannot become ${dtype}`);
}

function encode({ dtype }: TensorToWrite, data: TypedArray): Uint8Array {
  if (data instanceof Float32Array) {
    if (dtype === 'F32') return bytesOf(data);
    const halves = new Uint16Array(data.length);
    if (dtype === 'F16') encodeF16(data, halves);
    else encodeBF16(data, halves);
    return bytesOf(halves);
  }
  if (dtype === 'BOOL') return Uint8Array.from(data, (x) => (x === 0 ? 0 : 1));
  if (dtype === 'I32') return bytesOf(data instanceof Int32Array ? data : Int32Array.from(data));
  const words = new Int32Array(2 * data.length);
  for (let i = 0; i < data.length; i++) {
    words[2 * i] = data[i]!;
    words[2 * i + 1] = data[i]! < 0 ? -1 : 0;
  }
  return bytesOf(words);
}

function bytesOf(data: ArrayBufferView): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

function elements(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}
