import { folderOfUrl } from './folder.js';
import { isRecord } from './json.js';
import { type PartsHash, partsHash } from './parts-hash.js';
import { SafetensorsError } from './safetensors-error.js';
import { type ByteSource, type OpenOptions, readError, type SourceFolder } from './source.js';

/** What is fetched and kept together, in bytes. */
const PART_BYTES = 8 * 2 ** 20;

/** Keeps bytes under names, from one visit to the next. */
export interface WeightStore {
  get(key: string): Promise<ByteSource | undefined>;
  /** Replaces what was there; afterwards all of the bytes are there, or nothing. */
  put(key: string, bytes: Uint8Array<ArrayBuffer>): Promise<void>;
  delete(key: string): Promise<void>;
}

export interface StoredOptions {
  /**
   * Ask the server what the files are now, and fetch those that changed; where it does not answer, what is kept is read.
   * Default false: what is kept is read without asking.
   */
  readonly refresh?: boolean;
}

/** What is kept of a file beside its parts. */
type Manifest =
  | { readonly absent: true }
  | { readonly size: number; readonly version?: string; readonly sha256?: string };

/**
 * Files that are fetched once: from the address of a file, an index or a folder, or from a folder such as `hub(…)`. What a load
 * reads is kept in parts as it comes, so that a load that was broken off goes on where it was, and the next one needs no network.
 */
export function stored(
  from: string | URL | SourceFolder,
  store: WeightStore,
  options: StoredOptions = {},
): SourceFolder {
  const folder = typeof from === 'string' || from instanceof URL ? folderOfUrl(String(from)) : from;
  return { ...folder, open: (file, opening = {}) => openStored(folder, file, store, opening, options) };
}

async function openStored(
  folder: SourceFolder,
  file: string,
  store: WeightStore,
  opening: OpenOptions,
  { refresh = false }: StoredOptions,
): Promise<ByteSource | undefined> {
  const key = folder.name + file;
  const kept = await readManifest(store, key);
  const keptSource = (manifest: Manifest): ByteSource | undefined =>
    'absent' in manifest
      ? undefined
      : partsSource(key, manifest, store, () => openAgain(folder, file, manifest, opening));
  if (kept !== undefined && !refresh) return keptSource(kept);
  let source: ByteSource | undefined;
  try {
    source = await folder.open(file, opening);
  } catch (error) {
    if (kept === undefined || opening.signal?.aborted) throw error;
    return keptSource(kept);
  }
  const now = manifestOf(source);
  if (kept !== undefined && !sameFile(kept, now)) await deleteParts(store, key, kept);
  await put(store, key, new TextEncoder().encode(JSON.stringify(now)));
  if (source === undefined || 'absent' in now) return undefined;
  return partsSource(key, now, store, () => Promise.resolve(source));
}

function manifestOf(source: ByteSource | undefined): Manifest {
  if (source === undefined) return { absent: true };
  const { size, version, sha256 } = source;
  return { size, ...(version !== undefined && { version }), ...(sha256 !== undefined && { sha256 }) };
}

async function readManifest(store: WeightStore, key: string): Promise<Manifest | undefined> {
  const kept = await store.get(key);
  if (kept === undefined) return undefined;
  const bytes = await kept.read(0, kept.size).finally(() => kept.close?.());
  const found: unknown = JSON.parse(new TextDecoder().decode(bytes));
  return isRecord(found) ? (found as Manifest) : undefined;
}

function sameFile(a: Manifest, b: Manifest): boolean {
  if ('absent' in a || 'absent' in b) return false;
  return a.size === b.size && a.version === b.version && a.sha256 === b.sha256;
}

/** The file that parts were kept of, for those that are missing. */
async function openAgain(
  folder: SourceFolder,
  file: string,
  kept: Manifest,
  opening: OpenOptions,
): Promise<ByteSource> {
  const source = await folder.open(file, opening);
  if (source !== undefined && sameFile(kept, manifestOf(source))) return source;
  await source?.close?.();
  const help = 'stored(…, { refresh: true }) fetches it anew';
  throw new SafetensorsError(
    'TFM5110',
    `cannot read ${folder.name}${file}: it changed since parts of it were kept`,
    help,
  );
}

/** A file of which some parts are kept; those that are not come from `open`, and are kept from then on. */
function partsSource(
  key: string,
  manifest: Exclude<Manifest, { absent: true }>,
  store: WeightStore,
  open: () => Promise<ByteSource>,
): ByteSource {
  const { size, sha256 } = manifest;
  const hash = sha256 === undefined ? undefined : partsHash(key, sha256, Math.ceil(size / PART_BYTES));
  let opened: Promise<ByteSource> | undefined;
  /** Parts that have just come: reads of a few bytes, and reads side by side, share them. */
  const fresh = new Map<number, Promise<Uint8Array>>();
  const fetched = (part: number, signal: AbortSignal | undefined): Promise<Uint8Array> => {
    const known = fresh.get(part);
    if (known !== undefined) return known;
    opened ??= open();
    const bytes = opened.then((source) => fetchPart(source, store, key, part, signal));
    const fetching = hash === undefined ? bytes : inOrder(part, bytes, hash);
    fresh.set(part, fetching);
    fetching.catch(() => fresh.delete(part));
    if (fresh.size > 2) fresh.delete(fresh.keys().next().value ?? 0);
    return fetching;
  };
  let last: Promise<unknown> = Promise.resolve();
  const inOrder = (part: number, coming: Promise<Uint8Array>, to: PartsHash): Promise<Uint8Array> => {
    const before = last.catch(() => undefined);
    const checked = Promise.all([coming, before]).then(async ([bytes]) => {
      await to.add(part, bytes, (own) => keptPart(store, partKey(key, own), partSize(size, own)));
      return bytes;
    });
    last = checked;
    return checked.catch(async (error: unknown) => {
      // What is damaged is not kept; what is whole, after a connection that broke, is.
      if (
        await coming.then(
          () => true,
          () => false,
        )
      )
        await forget(store, key, manifest);
      throw error;
    });
  };
  return {
    name: key,
    ...manifest,
    async read(begin, end, signal, into = new Uint8Array(end - begin)) {
      signal?.throwIfAborted();
      if (end > size) throw readError(key, `it ends before byte ${end}`);
      for (let at = begin; at < end; ) {
        const part = Math.floor(at / PART_BYTES);
        const from = part * PART_BYTES;
        const stop = Math.min(end, from + PART_BYTES);
        const room = into.subarray(at - begin, stop - begin);
        if (fresh.has(part) || !(await readKept(store, partKey(key, part), partSize(size, part), at - from, room))) {
          room.set((await fetched(part, signal)).subarray(at - from, stop - from));
        }
        at = stop;
      }
      return into;
    },
    close: async () => (await opened?.catch(() => undefined))?.close?.(),
  };
}

async function keptPart(store: WeightStore, key: string, size: number): Promise<Uint8Array | undefined> {
  const bytes = new Uint8Array(size);
  return (await readKept(store, key, size, 0, bytes)) ? bytes : undefined;
}

/** Fills `to` with bytes of a part that is kept. False where it is not, or not whole. */
async function readKept(store: WeightStore, key: string, size: number, at: number, to: Uint8Array): Promise<boolean> {
  const kept = await store.get(key);
  if (kept === undefined) return false;
  try {
    if (kept.size !== size) return false;
    const bytes = await kept.read(at, at + to.length, undefined, to);
    if (bytes !== to) to.set(bytes);
    return true;
  } finally {
    await kept.close?.();
  }
}

async function fetchPart(
  source: ByteSource,
  store: WeightStore,
  key: string,
  part: number,
  signal: AbortSignal | undefined,
): Promise<Uint8Array> {
  const from = part * PART_BYTES;
  const bytes = new Uint8Array(partSize(source.size, part));
  const given = await source.read(from, from + bytes.length, signal, bytes);
  if (given !== bytes) bytes.set(given);
  await put(store, partKey(key, part), bytes);
  return bytes;
}

async function put(store: WeightStore, key: string, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
  try {
    await store.put(key, bytes);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new SafetensorsError(
      'TFM5110',
      `cannot keep ${key}: ${why}`,
      'is there room? It can be read without stored(…)',
      {
        cause,
      },
    );
  }
}

async function forget(store: WeightStore, key: string, kept: Manifest): Promise<void> {
  await deleteParts(store, key, kept);
  await store.delete(key);
}

async function deleteParts(store: WeightStore, key: string, kept: Manifest): Promise<void> {
  if ('absent' in kept) return;
  for (let part = 0; part * PART_BYTES < kept.size; part++) await store.delete(partKey(key, part));
}

function partKey(key: string, part: number): string {
  return `${key}#${part}`;
}

function partSize(size: number, part: number): number {
  return Math.min(PART_BYTES, size - part * PART_BYTES);
}
