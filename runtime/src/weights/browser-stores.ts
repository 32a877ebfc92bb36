import { openSource } from './source.js';
import type { WeightStore } from './store.js';

/** Keeps files in the Cache API of the page's origin. */
export function cacheStore(name = 'tfm-weights'): WeightStore {
  // The names of entries are addresses; this one belongs to nobody.
  const address = (key: string): string => `https://weights.invalid/${encodeURIComponent(key)}`;
  return {
    async get(key) {
      const entry = await (await caches.open(name)).match(address(key));
      return entry && openSource(await entry.blob());
    },
    async put(key, bytes) {
      await (await caches.open(name)).put(address(key), new Response(bytes));
    },
    async delete(key) {
      await (await caches.open(name)).delete(address(key));
    },
  };
}

/** Keeps files in the origin private file system (OPFS) of the page's origin, in a folder of this name. */
export function opfsStore(name = 'tfm-weights'): WeightStore {
  const folder = async (): Promise<FileSystemDirectoryHandle> =>
    (await navigator.storage.getDirectory()).getDirectoryHandle(name, { create: true });
  return {
    async get(key) {
      const handle = await missing((await folder()).getFileHandle(await fileName(key)));
      return handle && openSource(await handle.getFile());
    },
    async put(key, bytes) {
      const handle = await (await folder()).getFileHandle(await fileName(key), { create: true });
      // What is written is there when the stream is closed, and not before.
      const stream = await handle.createWritable();
      await stream.write(bytes);
      await stream.close();
    },
    async delete(key) {
      await missing((await folder()).removeEntry(await fileName(key)));
    },
  };
}

/** Undefined where there is no such file. */
async function missing<T>(promise: Promise<T>): Promise<T | undefined> {
  try {
    return await promise;
  } catch (error) {
    if (error instanceof DOMException && error.name === 'NotFoundError') return undefined;
    throw error;
  }
}

/** A name that every file system takes, whatever the key. */
async function fileName(key: string): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(key)));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
