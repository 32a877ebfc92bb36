import { cacheStore, openCheckpoint, opfsStore, type SourceLike, stored } from '@tfm-lang/runtime';

const stores = { OPFS: opfsStore, 'the Cache API': cacheStore };
type StoreName = keyof typeof stores;

/** The SHA-256 of every tensor of a folder of a server, of which what was fetched is kept in a store of the browser. */
const hashesOfStored = (url: string, kept: StoreName): Promise<Record<string, string>> =>
  hashesOf(stored(url, stores[kept]()));

/** A visit that ends when the first bytes of a tensor have come. How it ended. */
async function interrupted(url: string, kept: StoreName, tensor: string): Promise<string> {
  const controller = new AbortController();
  const { signal } = controller;
  const checkpoint = await openCheckpoint(stored(url, stores[kept]()), { signal });
  const [size = 0] = checkpoint.entry(tensor).shape;
  try {
    for await (const _ of checkpoint.pieces([{ tensor, begin: 0, end: size }], { signal })) controller.abort();
    return 'read to its end';
  } catch (error) {
    return error instanceof Error ? error.name : String(error);
  } finally {
    await checkpoint.close();
  }
}

/** The same of the file, or of the files, that were chosen on the page. */
const hashesOfChosen = (): Promise<Record<string, string>> => {
  const files = [...(document.querySelector('input')?.files ?? [])];
  return hashesOf(files.length === 1 ? files[0]! : files);
};

async function hashesOf(from: SourceLike): Promise<Record<string, string>> {
  const checkpoint = await openCheckpoint(from, { retries: 0 });
  const hashes: Record<string, string> = {};
  for (const name of checkpoint.names()) {
    const values = Float32Array.from(await checkpoint.readFloat32(name));
    const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', values));
    hashes[name] = Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
  }
  await checkpoint.close();
  return hashes;
}

const page = { hashesOfStored, interrupted, hashesOfChosen };
declare global {
  interface Window extends Readonly<typeof page> {}
}
Object.assign(window, page);
