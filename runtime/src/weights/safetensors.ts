import { type Dtype, dtypeBytes, toDtype } from './dtypes.js';
import { duplicateKey, isRecord } from './json.js';
import { SafetensorsError } from './safetensors-error.js';
import type { ByteSource } from './source.js';

/** The length field: an unsigned 64-bit little-endian integer. */
const LENGTH_BYTES = 8;
/** The reference implementation refuses longer headers; so does this one. */
const MAX_HEADER_BYTES = 100_000_000;
const MAX_RANK = 32;
const FIELDS = ['dtype', 'shape', 'data_offsets'];

/** Where one tensor lies: `begin` and `end` are absolute positions in the file, in bytes. */
export interface TensorEntry {
  readonly name: string;
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

/** The checked header of one safetensors file. `tensors` is in the order of the bytes. */
export interface TensorIndex {
  readonly tensors: ReadonlyMap<string, TensorEntry>;
  readonly metadata: Readonly<Record<string, string>>;
  /** Position of the first data byte. */
  readonly dataBegin: number;
}

/** Reads and checks the header of `source`. Throws {@link SafetensorsError} for every malformation, with the name of the file. */
export async function readHeader(source: ByteSource, signal?: AbortSignal): Promise<TensorIndex> {
  const { name, size } = source;
  const first = await source.read(0, Math.min(LENGTH_BYTES, size), signal);
  const length = inFile(name, () => headerLength(first, size));
  const bytes = new Uint8Array(LENGTH_BYTES + length);
  bytes.set(first);
  bytes.set(await source.read(LENGTH_BYTES, bytes.length, signal), LENGTH_BYTES);
  return inFile(name, () => parseHeader(bytes, size));
}

function inFile<T>(name: string, parse: () => T): T {
  try {
    return parse();
  } catch (cause) {
    if (!(cause instanceof SafetensorsError)) throw cause;
    throw new SafetensorsError(cause.code, `${name}: ${cause.message}`, cause.help, { cause });
  }
}

/**
 * Checks the header of a safetensors file: `bytes` starts at the beginning of the file and holds at least the header,
 * `totalSize` is the size of the file. Nothing in the file is trusted: sizes, offsets, overlaps, holes, formats and
 * shapes are all checked, so that every tensor of the result can be read without another check.
 * Source: https://github.com/huggingface/safetensors#format. Throws {@link SafetensorsError}.
 */
export function parseHeader(bytes: Uint8Array, totalSize: number): TensorIndex {
  const dataBegin = LENGTH_BYTES + headerLength(bytes, totalSize);
  if (bytes.length < dataBegin) throw lengthError(`only ${bytes.length} of the ${dataBegin} bytes of the header exist`);
  const header = parseJson(bytes.subarray(LENGTH_BYTES, dataBegin));
  const entries: TensorEntry[] = [];
  let metadata: Record<string, string> = {};
  for (const [name, value] of Object.entries(header)) {
    if (name === '__metadata__') metadata = parseMetadata(value);
    else entries.push(parseEntry(name, value, dataBegin));
  }
  entries.sort((a, b) => a.begin - b.begin || a.end - b.end || (a.name < b.name ? -1 : 1));
  checkWhole(entries, totalSize);
  checkTiling(entries, dataBegin, totalSize);
  return { tensors: new Map(entries.map((entry) => [entry.name, entry])), metadata, dataBegin };
}

function headerLength(bytes: Uint8Array, totalSize: number): number {
  if (totalSize < LENGTH_BYTES || bytes.length < LENGTH_BYTES) {
    throw lengthError(`a safetensors file has at least ${LENGTH_BYTES} bytes; this one has ${totalSize}`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, LENGTH_BYTES);
  const length = view.getUint32(4, true) * 2 ** 32 + view.getUint32(0, true);
  if (length === 0) throw lengthError('the header is empty');
  if (length > totalSize - LENGTH_BYTES) {
    throw lengthError(`the header claims ${length} bytes, but only ${totalSize - LENGTH_BYTES} bytes follow`);
  }
  if (length > MAX_HEADER_BYTES) {
    throw lengthError(`the header claims ${length} bytes; the most that is allowed is ${MAX_HEADER_BYTES}`);
  }
  return length;
}

function lengthError(message: string): SafetensorsError {
  return new SafetensorsError('TFM5101', message, 'is this a safetensors file, and is it complete?');
}

function parseJson(bytes: Uint8Array): object {
  const fail = (message: string): SafetensorsError =>
    new SafetensorsError('TFM5102', message, 'is this a safetensors file? It is damaged, or it is of another kind');
  // A '{' comes first by definition of the format; it tells other files apart before they are decoded.
  if (bytes[0] !== 0x7b) throw fail("the header does not begin with '{'");
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw fail('the header is not UTF-8');
  }
  let header: unknown;
  try {
    header = JSON.parse(text);
  } catch (cause) {
    throw fail(`the header is not JSON: ${cause instanceof Error ? cause.message : String(cause)}`);
  }
  if (!isRecord(header)) throw fail('the header is not a JSON object');
  const twice = duplicateKey(text);
  if (twice !== undefined) throw new SafetensorsError('TFM5103', `the header has '${twice}' twice`);
  return header;
}

function parseMetadata(value: unknown): Record<string, string> {
  if (!isRecord(value)) throw new SafetensorsError('TFM5108', '__metadata__ is not an object');
  for (const [key, text] of Object.entries(value)) {
    if (typeof text !== 'string') {
      throw new SafetensorsError('TFM5108', `__metadata__ has '${key}' with a value that is not a string`);
    }
  }
  return value as Record<string, string>;
}

function parseEntry(name: string, value: unknown, dataBegin: number): TensorEntry {
  const fail = (message: string): SafetensorsError => new SafetensorsError('TFM5104', `tensor '${name}' ${message}`);
  if (!isRecord(value)) throw fail('is not described by an object');
  for (const field of FIELDS) if (!Object.hasOwn(value, field)) throw fail(`has no '${field}'`);
  for (const field of Object.keys(value)) if (!FIELDS.includes(field)) throw fail(`has the unknown field '${field}'`);
  const { dtype: dtypeName, shape, data_offsets: offsets } = value;
  if (typeof dtypeName !== 'string') throw fail("has a 'dtype' that is not a string");
  const dtype = toDtype(dtypeName, name);
  if (!isSizes(shape)) throw fail("has a 'shape' that is not a list of non-negative integers");
  if (shape.length > MAX_RANK) throw fail(`has ${shape.length} dimensions; the most that is allowed is ${MAX_RANK}`);
  const bytes = shape.reduce((product, size) => product * size, dtypeBytes(dtype));
  if (!Number.isSafeInteger(bytes)) throw fail(`has a shape too large to count: [${shape.join(', ')}]`);
  const [first, last] = checkOffsets(name, offsets);
  if (last - first !== bytes) {
    const text = `${dtype} [${shape.join(', ')}] takes ${bytes} bytes, but its data_offsets span ${last - first}`;
    throw new SafetensorsError('TFM5106', `tensor '${name}': ${text}`);
  }
  return { name, dtype, shape: shape.map((size) => size + 0), begin: dataBegin + first, end: dataBegin + last };
}

function checkOffsets(name: string, offsets: unknown): [number, number] {
  const fail = (message: string): SafetensorsError => new SafetensorsError('TFM5106', `tensor '${name}' ${message}`);
  if (!isSizes(offsets) || offsets.length !== 2) throw fail("has 'data_offsets' that are not two positions");
  const [first = 0, last = 0] = offsets;
  if (first > last) throw fail(`ends at ${last}, before it begins at ${first}`);
  return [first, last];
}

/** `entries` are in the order of their bytes: the first that is not there is the one where the file was cut off. */
function checkWhole(entries: readonly TensorEntry[], totalSize: number): void {
  const missing = entries.filter(({ end }) => end > totalSize);
  const [first] = missing;
  if (first === undefined) return;
  const { name, dtype, shape, begin, end } = first;
  const others = missing.length === 1 ? '' : `; it and ${missing.length - 1} more of ${entries.length} are not whole`;
  throw new SafetensorsError(
    'TFM5106',
    `tensor '${name}' (${dtype} [${shape.join(', ')}]) is bytes ${begin} to ${end} of the file, which ends at ${totalSize}${others}`,
    'the file is not complete: fetch it again',
  );
}

/** Every byte after the header belongs to exactly one tensor. `entries` are in the order of their bytes. */
function checkTiling(entries: readonly TensorEntry[], dataBegin: number, totalSize: number): void {
  let position = dataBegin;
  let before = 'the header';
  for (const { name, begin, end } of entries) {
    if (begin < position) throw new SafetensorsError('TFM5107', `tensor '${name}' overlaps ${before}`);
    if (begin > position) {
      throw new SafetensorsError('TFM5107', `${begin - position} bytes between ${before} and '${name}' have no owner`);
    }
    position = end;
    before = `'${name}'`;
  }
  if (position !== totalSize) {
    throw new SafetensorsError('TFM5107', `${totalSize - position} bytes after ${before} belong to no tensor`);
  }
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0);
}
