/**
 * Tables of numbers made on the CPU and kept as plain arrays: sin and cos are off by up to 1e-4 on some GPUs, and a
 * table serves every layer and every step. The least recently used go first when there are too many numbers.
 */
export class TableCache<T extends { readonly length: number }> {
  readonly #entries = new Map<string, T>();
  readonly #most: number;
  #numbers = 0;

  /** @param most How many numbers, over all tables, are kept. */
  constructor(most: number) {
    this.#most = most;
  }

  get(key: string, make: () => T): T {
    const found = this.#entries.get(key);
    if (found) {
      this.#entries.delete(key); // and back at the end: the order of the map is the order of use
      this.#entries.set(key, found);
      return found;
    }
    const made = make();
    this.#entries.set(key, made);
    this.#numbers += made.length;
    for (const [oldest, entry] of this.#entries) {
      if (this.#numbers <= this.#most || oldest === key) break;
      this.#entries.delete(oldest);
      this.#numbers -= entry.length;
    }
    return made;
  }

  get size(): number {
    return this.#entries.size;
  }
}

/** The smallest power of two that is at least n, and at least 64: tables of few lengths serve all lengths. */
export function bucket(n: number): number {
  return 2 ** Math.ceil(Math.log2(Math.max(n, 64)));
}
