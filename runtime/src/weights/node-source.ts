import type { FileHandle } from 'node:fs/promises';
import type { CheckpointPlace } from './folder.js';
import { isShardIndex } from './shards.js';
import { type ByteSource, readError, type SourceFolder } from './source.js';

// `process.getBuiltinModule` instead of imports: bundlers for the browser never see a `node:` module.
const { open, stat } = process.getBuiltinModule('node:fs/promises');
const { fileURLToPath } = process.getBuiltinModule('node:url');
const { basename, dirname, join } = process.getBuiltinModule('node:path');

/** A file of this machine as a source. Rejects with `SafetensorsError` TFM5110. */
export async function openFile(from: string | URL): Promise<ByteSource> {
  const path = toPath(from);
  let handle: FileHandle | undefined;
  try {
    handle = await open(path, 'r');
    const { size } = await handle.stat();
    return fileSource(path, size, handle);
  } catch (cause) {
    await handle?.close();
    throw readError(path, reason(cause), cause);
  }
}

/** What a path stands for: a folder, the index of shards in one, or a file. */
export async function placeOfPath(from: string | URL): Promise<CheckpointPlace> {
  const path = toPath(from);
  const isFolder = (await stat(path).catch(() => undefined))?.isDirectory() ?? false;
  if (isFolder) return { folder: folderSource(path) };
  if (!isShardIndex(path)) return { file: path };
  return { folder: { ...folderSource(dirname(path)), file: basename(path) } };
}

function folderSource(folder: string): SourceFolder {
  return {
    name: folder,
    async open(file) {
      const path = join(folder, file);
      const exists = await stat(path).then(() => true, isThere);
      return exists ? openFile(path) : undefined;
    },
  };
}

/** Whether a file is there, by the error of looking at it: one that may not be looked at is. */
function isThere(error: NodeJS.ErrnoException): boolean {
  return error.code !== 'ENOENT' && error.code !== 'ENOTDIR';
}

function toPath(from: string | URL): string {
  return /^file:/i.test(String(from)) ? fileURLToPath(from) : String(from);
}

function fileSource(path: string, size: number, handle: FileHandle): ByteSource {
  return {
    name: path,
    size,
    async read(begin, end, signal, into) {
      const bytes = into ?? new Uint8Array(end - begin);
      let filled = 0;
      while (filled < bytes.length) {
        signal?.throwIfAborted();
        let count: number;
        try {
          count = (await handle.read(bytes, filled, bytes.length - filled, begin + filled)).bytesRead;
        } catch (cause) {
          throw readError(path, reason(cause), cause);
        }
        if (count === 0) throw readError(path, `it ends before byte ${end}; was it changed meanwhile?`);
        filled += count;
      }
      return bytes;
    },
    close: () => handle.close(),
  };
}

function reason(cause: unknown): string {
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  if (code === 'ENOENT') return 'there is no such file';
  if (code === 'EACCES') return 'permission denied';
  if (code === 'EISDIR') return 'it is a folder';
  return cause instanceof Error ? cause.message : String(cause);
}
