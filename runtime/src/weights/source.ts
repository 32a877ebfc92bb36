import { SafetensorsError } from './safetensors-error.js';

/** Random access to the bytes of one file, wherever it lies. */
export interface ByteSource {
  /** For messages: a path, a URL or a description. */
  readonly name: string;
  /** The size of the whole, in bytes. */
  readonly size: number;
  /**
   * The bytes from `begin` up to `end`. The result may be a view of memory that the source keeps: read only.
   * A source that would have to copy them may put them into `into`, of the same length, and give that back.
   * Rejects with {@link SafetensorsError} TFM5110 when the bytes cannot be had, with the signal's reason when aborted.
   */
  read(begin: number, end: number, signal?: AbortSignal, into?: Uint8Array): Promise<Uint8Array>;
  /** Gives back what the source holds open, if anything. */
  close?(): Promise<void>;
  /** What its server calls this state of the file: an ETag. */
  readonly version?: string;
  /** The hash that its server names for the whole, in hexadecimal digits. */
  readonly sha256?: string;
}

/** Files that belong together: a folder of a disk or a server, a repository, what a person chose. */
export interface SourceFolder {
  /** For messages, and in front of the names of its files where they are stored. */
  readonly name: string;
  /** The file that is meant, where it is one: a safetensors file or an index. */
  readonly file?: string;
  /** Opens a file by its name, or its path with forward slashes; gives undefined where there is none. Else as {@link openSource}. */
  open(file: string, options?: OpenOptions): Promise<ByteSource | undefined>;
}

/** One file. A string is a URL in a browser, and a URL or a path in Node. */
export type FileLike = ByteSource | ArrayBuffer | Uint8Array | Blob | URL | string;

/**
 * Whatever weights can be read from: a file, an index of shards, or a folder with either. An address that ends in a slash is a
 * folder; so are several files that a person chose.
 */
export type SourceLike = FileLike | SourceFolder | readonly File[];

export interface OpenOptions {
  readonly signal?: AbortSignal | undefined;
  /** Bytes of a whole download, where a server cannot serve parts of a file. `totalBytes` is 0 while unknown. */
  readonly onDownload?: ((progress: { loadedBytes: number; totalBytes: number }) => void) | undefined;
  /** How often a request that brings nothing is made again, with longer and longer rests. Default 4. */
  readonly retries?: number | undefined;
}

/** Opens `from` for reading. Rejects with {@link SafetensorsError} TFM5110 when there is nothing to read. */
export async function openSource(from: FileLike, options: OpenOptions = {}): Promise<ByteSource> {
  if (from instanceof Uint8Array) return memorySource(from);
  if (from instanceof ArrayBuffer) return memorySource(new Uint8Array(from));
  if (from instanceof Blob) return blobSource(from);
  if (typeof from === 'string' || from instanceof URL) {
    if (isPath(from)) return (await import('./node-source.js')).openFile(from);
    return (await import('./http-source.js')).openUrl(String(from), options);
  }
  return from;
}

/** Whether a string or URL names a file of this machine, which only Node can read. */
export function isPath(from: string | URL): boolean {
  const inNode = typeof process !== 'undefined' && process.versions?.node !== undefined;
  return inNode && !/^(https?|blob|data):/i.test(String(from));
}

/** Bytes in memory as a source. Reads are views, not copies. */
export function memorySource(bytes: Uint8Array, name = 'the given bytes'): ByteSource {
  return {
    name,
    size: bytes.length,
    read(begin, end, signal) {
      if (signal?.aborted) return Promise.reject(signal.reason as Error);
      if (end > bytes.length) return Promise.reject(readError(name, `it ends before byte ${end}`));
      return Promise.resolve(bytes.subarray(begin, end));
    },
  };
}

function blobSource(blob: Blob): ByteSource {
  const name = blob instanceof File ? blob.name : 'the given blob';
  return {
    name,
    size: blob.size,
    async read(begin, end, signal) {
      signal?.throwIfAborted();
      let bytes: Uint8Array;
      try {
        bytes = new Uint8Array(await blob.slice(begin, end).arrayBuffer());
      } catch (cause) {
        throw readError(name, 'the file changed or is gone', cause);
      }
      if (bytes.length !== end - begin) throw readError(name, `it ends before byte ${end}`);
      return bytes;
    },
  };
}

/** The error of a source that cannot be read. */
export function readError(name: string, why: string, cause?: unknown): SafetensorsError {
  return new SafetensorsError('TFM5110', `cannot read ${name}: ${why}`, undefined, { cause });
}
