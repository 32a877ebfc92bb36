import { readError } from './source.js';

/** Takes the parts of a file in their order. */
export interface PartsHash {
  /**
   * A part that came. `kept` gives one before it that was there already. Rejects with `SafetensorsError` TFM5110 when the last part is
   * there and the hash of all is not the one that was expected.
   */
  add(part: number, bytes: Uint8Array, kept: (part: number) => Promise<Uint8Array | undefined>): Promise<void>;
}

/**
 * Compares the SHA-256 of a file with what its server says, while the parts come. Undefined where there is no hash that takes a
 * file piece by piece: browsers have none.
 */
export function partsHash(name: string, expected: string, parts: number): PartsHash | undefined {
  const hash = globalThis.process?.getBuiltinModule?.('node:crypto').createHash('sha256');
  if (hash === undefined) return undefined;
  let next = 0;
  return {
    async add(part, bytes, kept) {
      while (next < part) {
        const before = await kept(next);
        // A part that nobody reads is not there: then the whole cannot be checked.
        if (before === undefined) return;
        hash.update(before);
        next++;
      }
      if (part < next) return;
      hash.update(bytes);
      next++;
      if (next < parts) return;
      const found = hash.digest('hex');
      if (found !== expected) throw readError(name, `its SHA-256 is ${found}, but the server says ${expected}`);
    },
  };
}
