import type { FileHandle } from 'node:fs/promises';
import { type ByteSource, readError } from './source.js';

// `process.getBuiltinModule` instead of imports: bundlers for the browser never see a `node:` module.
const { open, stat } = process.getBuiltinModule('node:fs/promises');
const { fileURLToPath } = process.getBuiltinModule('node:url');
const { join } = process.getBuiltinModule('node:path');

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

/** The files that a path may stand for, most specific first: a folder stands for its index or its single file. */
export async function checkpointCandidates(from: string | URL): Promise<string[]> {
  const path = toPath(from);
  const exists = async (file: string): Promise<boolean> => (await stat(file).catch(() => undefined))?.isFile() ?? false;
  const isFolder = (await stat(path).catch(() => undefined))?.isDirectory() ?? false;
  if (!isFolder) return [path];
  const files = ['model.safetensors.index.json', 'model.safetensors'].map((name) => join(path, name));
  const found: string[] = [];
  for (const file of files) if (await exists(file)) found.push(file);
  if (found.length === 0) {
    throw readError(path, 'the folder has neither model.safetensors nor model.safetensors.index.json');
  }
  return found;
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
