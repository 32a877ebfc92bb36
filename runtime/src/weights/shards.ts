import { duplicateKey, isRecord } from './json.js';
import { SafetensorsError } from './safetensors-error.js';
import type { ByteSource } from './source.js';

const MAX_INDEX_BYTES = 100_000_000;

/** The content of a `model.safetensors.index.json`. */
export interface ShardIndex {
  /** The files, sorted by name; names relative to the index. */
  readonly files: readonly string[];
  /** The file of every tensor. */
  readonly fileOf: ReadonlyMap<string, string>;
}

/** Whether `name` is that of the index of a sharded checkpoint. */
export function isShardIndex(name: string): boolean {
  return /\.index\.json([?#].*)?$/i.test(name);
}

/** Reads and checks the index of a sharded checkpoint. Throws {@link SafetensorsError} TFM5112 and TFM5115. */
export async function readShardIndex(source: ByteSource, signal?: AbortSignal): Promise<ShardIndex> {
  if (source.size > MAX_INDEX_BYTES) throw indexError(source.name, `it has ${source.size} bytes`);
  return parseShardIndex(await source.read(0, source.size, signal), source.name);
}

/** Checks the bytes of an index; `name` is for messages. Throws {@link SafetensorsError} TFM5112 and TFM5115. */
export function parseShardIndex(bytes: Uint8Array, name: string): ShardIndex {
  let text: string;
  let index: unknown;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    index = JSON.parse(text);
  } catch (cause) {
    throw indexError(name, cause instanceof Error ? cause.message : String(cause));
  }
  const map = isRecord(index) ? index.weight_map : undefined;
  if (!isRecord(map)) throw indexError(name, "it has no object 'weight_map'");
  const twice = duplicateKey(text);
  if (twice !== undefined) throw indexError(name, `it has '${twice}' twice`);
  const fileOf = new Map<string, string>();
  for (const [tensor, file] of Object.entries(map)) {
    if (typeof file !== 'string' || file === '') throw indexError(name, `the file of '${tensor}' is not a name`);
    if (!staysInside(file)) {
      throw new SafetensorsError(
        'TFM5115',
        `${name} puts '${tensor}' into '${file}', which is outside its folder`,
        'the files of a checkpoint lie in the folder of its index',
      );
    }
    fileOf.set(tensor, file);
  }
  if (fileOf.size === 0) throw indexError(name, "its 'weight_map' is empty");
  return { files: [...new Set(fileOf.values())].sort((a, b) => (a < b ? -1 : 1)), fileOf };
}

/** A plain relative path with forward slashes: no root, no drive, no scheme, no way up, nothing that a URL decodes. */
function staysInside(file: string): boolean {
  if (/[\\:?#%]/.test(file) || file.includes('\0')) return false;
  return file.split('/').every((part) => part !== '' && part !== '.' && part !== '..');
}

function indexError(name: string, why: string): SafetensorsError {
  return new SafetensorsError('TFM5112', `${name} is not the index of a checkpoint: ${why}`);
}
