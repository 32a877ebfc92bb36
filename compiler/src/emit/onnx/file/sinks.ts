import fs from 'node:fs/promises';
import path from 'node:path';

/** Where the bytes of a file go, from its first to its last. */
export interface Sink {
  /** Wants no more bytes. */
  readonly isDone?: boolean;
  /** The bytes may change after the promise has settled. */
  write(bytes: Uint8Array): Promise<void>;
  /** All bytes were given. What can fail fails here, so that files of one build appear together or not at all. */
  finish(): Promise<void>;
  /** Takes effect. */
  commit(): Promise<void>;
  /** Leaves nothing behind. */
  discard(): Promise<void>;
}

/** A file cannot be written. */
export class FileError extends Error {
  override readonly name = 'FileError';
  readonly file: string;

  constructor(file: string, cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
    this.file = file;
  }
}

/** Writes a file whole or not at all: a temporary file beside it takes its place. Rejects with {@link FileError}. */
export function fileSink(file: string): Sink {
  const fresh = `${file}.${process.pid}.tmp`;
  let handle: fs.FileHandle | undefined;
  const attempt = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (cause) {
      throw new FileError(file, cause);
    }
  };
  const opened = async (): Promise<fs.FileHandle> => {
    if (handle) return handle;
    await fs.mkdir(path.dirname(file), { recursive: true });
    handle = await fs.open(fresh, 'w');
    return handle;
  };
  return {
    write: (bytes) =>
      attempt(async () => {
        const open = await opened();
        // One write takes at most 2 GiB, and may take less than it is given.
        for (let at = 0; at < bytes.length; )
          at += (await open.write(bytes, at, Math.min(bytes.length - at, 2 ** 30))).bytesWritten;
      }),
    finish: () =>
      attempt(async () => {
        await (await opened()).close();
        const there = await fs.stat(file).catch(() => undefined);
        if (there?.isDirectory()) throw new Error('a folder stands in its place');
      }),
    commit: () => attempt(() => fs.rename(fresh, file)),
    async discard() {
      await handle?.close().catch(() => undefined);
      await fs.rm(fresh, { force: true });
    },
  };
}

/** Keeps the bytes: for small models and for tests. */
export interface MemorySink extends Sink {
  /** What was written. */
  bytes(): Uint8Array;
}

export function memorySink(): MemorySink {
  const chunks: Uint8Array[] = [];
  return {
    write: async (bytes) => void chunks.push(bytes.slice()),
    finish: async () => undefined,
    commit: async () => undefined,
    discard: async () => void chunks.splice(0),
    bytes() {
      const all = new Uint8Array(chunks.reduce((total, { length }) => total + length, 0));
      let at = 0;
      for (const chunk of chunks) {
        all.set(chunk, at);
        at += chunk.length;
      }
      return all;
    },
  };
}

/** Compares a file with what would be written to it. */
export interface ComparingSink extends Sink {
  readonly state: 'same' | 'different' | 'missing';
}

/** `length`: of what would be written. A file of another length is not read. */
export async function comparingSink(file: string, length: number): Promise<ComparingSink> {
  const handle = await fs.open(file, 'r').catch(() => undefined);
  const size = (await handle?.stat())?.size;
  let state: ComparingSink['state'] = handle === undefined ? 'missing' : size === length ? 'same' : 'different';
  let position = 0;
  const close = async (): Promise<void> => void (await handle?.close().catch(() => undefined));
  const buffer = new Uint8Array(state === 'same' ? Math.min(length, 2 ** 20) : 0);
  return {
    get state() {
      return state;
    },
    get isDone() {
      return state !== 'same';
    },
    async write(bytes) {
      for (let at = 0; at < bytes.length && state === 'same'; at += buffer.length) {
        const expected = bytes.subarray(at, at + buffer.length);
        const found = await handle?.read(buffer, 0, expected.length, position);
        const isSame =
          found?.bytesRead === expected.length && Buffer.compare(expected, buffer.subarray(0, expected.length)) === 0;
        if (!isSame) state = 'different';
        position += expected.length;
      }
    },
    finish: close,
    commit: close,
    discard: close,
  };
}
