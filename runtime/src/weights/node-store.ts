import { openFile } from './node-source.js';
import type { WeightStore } from './store.js';

const { createHash, randomUUID } = process.getBuiltinModule('node:crypto');
const { access, mkdir, rename, rm, writeFile } = process.getBuiltinModule('node:fs/promises');
const { join } = process.getBuiltinModule('node:path');

/** Keeps files in a folder of this machine, which is made when something is kept. */
export function folderStore(folder: string): WeightStore {
  const fileOf = (key: string): string => join(folder, createHash('sha256').update(key).digest('hex'));
  return {
    async get(key) {
      const exists = await access(fileOf(key)).then(
        () => true,
        () => false,
      );
      return exists ? openFile(fileOf(key)) : undefined;
    },
    async put(key, bytes) {
      await mkdir(folder, { recursive: true });
      // Whole at once: another process may read or write the same file.
      const own = `${fileOf(key)}.${randomUUID()}`;
      await writeFile(own, bytes);
      await rename(own, fileOf(key));
    },
    delete: (key) => rm(fileOf(key), { force: true }),
  };
}
