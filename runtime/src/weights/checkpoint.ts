import { decodeInto, nativeArray, type TypedArray } from './decode.js';
import { type Dtype, dtypeBytes } from './dtypes.js';
import { readHeader, type TensorEntry } from './safetensors.js';
import { SafetensorsError } from './safetensors-error.js';
import { isShardIndex, readShardIndex } from './shards.js';
import { type ByteSource, isPath, type OpenOptions, openSource, readError, type SourceLike } from './source.js';

/** The most bytes that are held beside the tensor they go to. A multiple of every element's width. */
const CHUNK_BYTES = 16 * 2 ** 20;

export interface ReadOptions {
  readonly signal?: AbortSignal | undefined;
  /** Called after every piece, with its size in bytes. */
  readonly onBytes?: ((bytes: number) => void) | undefined;
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
  entry(name: string): { readonly dtype: Dtype; readonly shape: readonly number[]; readonly bytes: number };
  /** Values in their own kind: floats as Float32Array, integers as Int32Array, bool as Uint8Array of 0 and 1. */
  read(name: string, options?: ReadOptions): Promise<TypedArray>;
  /** Values as float32, whatever their format: how weights are read. */
  readFloat32(name: string, options?: ReadOptions): Promise<Float32Array>;
  /** Gives back open files. */
  close(): Promise<void>;
}

interface Place {
  readonly source: ByteSource;
  readonly entry: TensorEntry;
}

/**
 * Opens a safetensors file, or all shards of a `….safetensors.index.json`; in Node also a folder with either.
 * Only headers are read; they are checked completely. Throws {@link SafetensorsError}.
 */
export async function openCheckpoint(from: SourceLike, options: OpenOptions = {}): Promise<Checkpoint> {
  const file = await findCheckpoint(from);
  if ((typeof file === 'string' || file instanceof URL) && isShardIndex(String(file))) return openShards(file, options);
  const source = await openSource(file, options);
  return closeOnError([source], async () => {
    const { tensors, metadata } = await readHeader(source, options.signal);
    const places = new Map([...tensors].map(([name, entry]) => [name, { source, entry }]));
    return makeCheckpoint(source.name, places, metadata, [source]);
  });
}

async function findCheckpoint(from: SourceLike): Promise<SourceLike> {
  if ((typeof from !== 'string' && !(from instanceof URL)) || !isPath(from)) return from;
  const [first] = await (await import('./node-source.js')).checkpointCandidates(from);
  return first ?? from;
}

async function openShards(indexFile: string | URL, options: OpenOptions): Promise<Checkpoint> {
  const indexSource = await openSource(indexFile, options);
  const index = await closeOnError([indexSource], () => readShardIndex(indexSource, options.signal));
  await indexSource.close?.();
  const sources: ByteSource[] = [];
  return closeOnError(sources, async () => {
    const places = new Map<string, Place>();
    const metadata: Record<string, string> = {};
    for (const file of index.files) {
      const source = await openShard(indexFile, file, options);
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

async function openShard(indexFile: string | URL, file: string, options: OpenOptions): Promise<ByteSource> {
  const sibling = String(indexFile).replace(/[^/\\]*$/, () => file);
  try {
    return await openSource(sibling, options);
  } catch (cause) {
    options.signal?.throwIfAborted();
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new SafetensorsError(
      'TFM5113',
      `${String(indexFile)} names the file ${file}, which cannot be opened: ${why}`,
      'all files of a sharded checkpoint lie beside its index',
      { cause },
    );
  }
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
  return {
    name,
    metadata,
    names: () => [...places.keys()],
    has: (tensor) => places.has(tensor),
    entry(tensor) {
      const { dtype, shape, begin, end } = place(tensor).entry;
      return { dtype, shape, bytes: end - begin };
    },
    async read(tensor, options = {}) {
      const found = place(tensor);
      return readInto(found, nativeArray(found.entry.dtype, length(found.entry)), options);
    },
    async readFloat32(tensor, options = {}) {
      const found = place(tensor);
      return readInto(found, new Float32Array(length(found.entry)), options);
    },
    async close() {
      for (const source of sources) await source.close?.();
    },
  };
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
