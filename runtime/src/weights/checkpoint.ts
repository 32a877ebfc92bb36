import { decodeInto, nativeArray, type TypedArray } from './decode.js';
import { type AnySpan, readAnySpans } from './dequantise.js';
import { type Dtype, dtypeBytes } from './dtypes.js';
import { placeOf } from './folder.js';
import { permute } from './permute.js';
import { type Quantised, quantisedTensors, type TensorPlace } from './quantised.js';
import { readHeader, type TensorEntry } from './safetensors.js';
import { SafetensorsError } from './safetensors-error.js';
import { isShardIndex, readShardIndex } from './shards.js';
import {
  type ByteSource,
  type OpenOptions,
  openSource,
  readError,
  type SourceFolder,
  type SourceLike,
} from './source.js';
import type { SpanPiece } from './span-reader.js';
import { elements, lastTwoSwapped } from './steps.js';

/** The most bytes that are held beside the tensor they go to. A multiple of every element's width. */
const CHUNK_BYTES = 16 * 2 ** 20;

const INDEX_FILE = 'model.safetensors.index.json';
const ONLY_FILE = 'model.safetensors';

export interface ReadOptions {
  readonly signal?: AbortSignal | undefined;
  /** Called after every piece, with its size in bytes. */
  readonly onBytes?: ((bytes: number) => void) | undefined;
}

/** Consecutive elements of a tensor, all of them unless `begin` and `end` say which. */
interface TensorSpan {
  readonly tensor: string;
  readonly begin?: number;
  readonly end?: number;
}

/** A tensor as a model sees it: a quantised one has the shape of its numbers. */
interface CheckpointEntry {
  readonly dtype: Dtype | 'MXFP4';
  readonly shape: readonly number[];
  /** In the file; scales count. */
  readonly bytes: number;
  /** The last two axes lie in the file the other way round. */
  readonly transposed?: true;
}

/** The tensors of one file or of a set of shards. */
export interface Checkpoint {
  /** For messages: the file or the index. */
  readonly name: string;
  /** What the files say about themselves. Where shards disagree, the last in order of names counts. */
  readonly metadata: Readonly<Record<string, string>>;
  /** All names, in the order in which the bytes are best read. */
  names(): readonly string[];
  has(name: string): boolean;
  /** Throws {@link SafetensorsError} TFM5111 for an unknown name. */
  entry(name: string): CheckpointEntry;
  /** Values in their own kind: floats as Float32Array, integers as Int32Array, bool as Uint8Array of 0 and 1. */
  read(name: string, options?: ReadOptions): Promise<TypedArray>;
  /** Values as float32, whatever their format: how weights are read. */
  readFloat32(name: string, options?: ReadOptions): Promise<Float32Array>;
  /** The values of several tensors as float32, piece by piece in this order and as they lie in the file: see {@link SpanPiece}. */
  pieces(spans: readonly TensorSpan[], options?: Pick<ReadOptions, 'signal'>): AsyncGenerator<SpanPiece>;
  /** Gives back open files. */
  close(): Promise<void>;
}

type Place = TensorPlace;

/**
 * Opens a safetensors file, or all shards of a `….safetensors.index.json`, or a folder with either.
 * Only headers are read; they are checked completely. Throws {@link SafetensorsError}.
 */
export async function openCheckpoint(from: SourceLike, options: OpenOptions = {}): Promise<Checkpoint> {
  const place = await placeOf(from);
  if ('file' in place) return openOne(await openSource(place.file, options), options);
  const { folder } = place;
  for (const file of folder.file === undefined ? [INDEX_FILE, ONLY_FILE] : [folder.file]) {
    const source = await folder.open(file, options);
    if (source === undefined) continue;
    return isShardIndex(file) ? openShards(folder, source, options) : openOne(source, options);
  }
  if (folder.file !== undefined) throw readError(folder.name + folder.file, 'there is no such file');
  throw readError(folder.name, `the folder has neither ${ONLY_FILE} nor ${INDEX_FILE}`);
}

function openOne(source: ByteSource, options: OpenOptions): Promise<Checkpoint> {
  return closeOnError([source], async () => {
    const { tensors, metadata } = await readHeader(source, options.signal);
    const places = new Map([...tensors].map(([name, entry]) => [name, { source, entry }]));
    return makeCheckpoint(source.name, places, metadata, [source]);
  });
}

async function openShards(folder: SourceFolder, indexSource: ByteSource, options: OpenOptions): Promise<Checkpoint> {
  const index = await readShardIndex(indexSource, options.signal).finally(() => indexSource.close?.());
  const sources: ByteSource[] = [];
  return closeOnError(sources, async () => {
    const places = new Map<string, Place>();
    const metadata: Record<string, string> = {};
    for (const file of index.files) {
      const source = await openShard(folder, indexSource.name, file, options);
      sources.push(source);
      const header = await readHeader(source, options.signal);
      Object.assign(metadata, header.metadata);
      for (const [name, entry] of header.tensors) {
        checkListed(index.fileOf.get(name), name, file, indexSource.name);
        places.set(name, { source, entry });
      }
    }
    for (const [name, file] of index.fileOf) {
      if (!places.has(name)) throw disagree(`${indexSource.name} puts '${name}' into ${file}, which does not have it`);
    }
    return makeCheckpoint(indexSource.name, places, metadata, sources);
  });
}

async function openShard(folder: SourceFolder, index: string, file: string, options: OpenOptions): Promise<ByteSource> {
  const fail = (why: string, cause?: unknown): SafetensorsError =>
    new SafetensorsError(
      'TFM5113',
      `${index} names the file ${file}, which cannot be opened: ${why}`,
      'all files of a sharded checkpoint lie beside its index',
      { cause },
    );
  let source: ByteSource | undefined;
  try {
    source = await folder.open(file, options);
  } catch (cause) {
    options.signal?.throwIfAborted();
    throw fail(cause instanceof Error ? cause.message : String(cause), cause);
  }
  if (source === undefined) throw fail('there is no such file');
  return source;
}

function checkListed(listed: string | undefined, name: string, file: string, index: string): void {
  if (listed === undefined) throw disagree(`${file} has the tensor '${name}', which ${index} does not list`);
  if (listed !== file) throw disagree(`${file} has the tensor '${name}', which ${index} puts into ${listed}`);
}

function disagree(message: string): SafetensorsError {
  return new SafetensorsError('TFM5114', message, 'index and files come from different downloads; fetch them again');
}

function makeCheckpoint(
  name: string,
  places: ReadonlyMap<string, Place>,
  metadata: Readonly<Record<string, string>>,
  sources: readonly ByteSource[],
): Checkpoint {
  const place = (tensor: string): Place => {
    const found = places.get(tensor);
    if (found === undefined) throw new SafetensorsError('TFM5111', `${name} has no tensor '${tensor}'`);
    return found;
  };
  const quantised = quantisedTensors(places);
  const names = namesOf(places, quantised);
  const known = new Set(names);
  return {
    name,
    metadata,
    names: () => names,
    has: (tensor) => known.has(tensor),
    entry(tensor) {
      const few = quantised.get(tensor);
      if (few !== undefined) return quantisedEntry(few);
      const { dtype, shape, begin, end } = place(tensor).entry;
      return { dtype, shape, bytes: end - begin };
    },
    async read(tensor, options = {}) {
      const few = quantised.get(tensor);
      if (few !== undefined) return readQuantised(few, options);
      const found = place(tensor);
      return readInto(found, nativeArray(found.entry.dtype, length(found.entry)), options);
    },
    async readFloat32(tensor, options = {}) {
      const few = quantised.get(tensor);
      if (few !== undefined) return readQuantised(few, options);
      const found = place(tensor);
      return readInto(found, new Float32Array(length(found.entry)), options);
    },
    pieces(spans, { signal } = {}) {
      const found = spans.map(({ tensor, begin = 0, end }): AnySpan => {
        const few = quantised.get(tensor);
        if (few !== undefined) return { quantised: few, begin, end: end ?? elements(few.shape) };
        const { source, entry } = place(tensor);
        return { source, entry, begin, end: end ?? length(entry) };
      });
      return readAnySpans(found, { signal });
    },
    async close() {
      for (const source of sources) await source.close?.();
    },
  };
}

/** A quantised tensor stands where its numbers stand, and its scales are no tensor of their own. */
function namesOf(places: ReadonlyMap<string, Place>, quantised: ReadonlyMap<string, Quantised>): string[] {
  const hidden = new Map<string, string | undefined>();
  for (const [name, { values, scales }] of quantised) {
    hidden.set(scales.entry.name, undefined);
    hidden.set(values.entry.name, name);
  }
  return [...places.keys()].flatMap((name) => (hidden.has(name) ? (hidden.get(name) ?? []) : name));
}

function quantisedEntry({ format, shape, values, scales }: Quantised): CheckpointEntry {
  const bytes = values.entry.end - values.entry.begin + scales.entry.end - scales.entry.begin;
  if (format !== 'MXFP4') return { dtype: format, shape, bytes };
  return { dtype: format, shape: lastTwoSwapped(shape), bytes, transposed: true };
}

async function readQuantised(quantised: Quantised, { signal, onBytes }: ReadOptions): Promise<Float32Array> {
  const { shape, format } = quantised;
  const all = new Float32Array(elements(shape));
  const span = { quantised, begin: 0, end: all.length };
  for await (const { at, values, bytes } of readAnySpans([span], { signal })) {
    all.set(values, at);
    onBytes?.(bytes);
  }
  if (format !== 'MXFP4') return all;
  const axes = shape.map((_, axis) => axis);
  return permute(all, shape, lastTwoSwapped(axes));
}

/** Reads a tensor piece by piece straight into its final array. */
async function readInto<T extends TypedArray>({ source, entry }: Place, to: T, options: ReadOptions): Promise<T> {
  const { dtype, begin, end, name } = entry;
  for (let position = begin; position < end; position += CHUNK_BYTES) {
    options.signal?.throwIfAborted();
    const next = Math.min(end, position + CHUNK_BYTES);
    // The bytes of F32 are the values themselves: a file is read into its place.
    const into =
      dtype === 'F32' ? new Uint8Array(to.buffer, to.byteOffset + position - begin, next - position) : undefined;
    const bytes = await source.read(position, next, options.signal, into);
    if (bytes.length !== next - position) throw readError(source.name, `it gave ${bytes.length} bytes at ${position}`);
    if (bytes !== into) decodeInto(dtype, bytes, to, (position - begin) / dtypeBytes(dtype), name);
    options.onBytes?.(bytes.length);
  }
  return to;
}

function length({ dtype, begin, end }: TensorEntry): number {
  return (end - begin) / dtypeBytes(dtype);
}

async function closeOnError<T>(sources: readonly ByteSource[], work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    for (const source of sources) await source.close?.();
    throw error;
  }
}
