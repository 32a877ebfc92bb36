/** Names that differ: `linear`, `linear_2`, `linear_3`, … */
export class UniqueNames {
  readonly #taken = new Set<string>();
  /** The first number to try for a name: all before it are taken, so that n siblings cost n steps. */
  readonly #next = new Map<string, number>();
  readonly #order: { readonly name: string; readonly wanted: string; readonly next: number }[] = [];

  /** The wanted name, or the first free one that is made of it. */
  take(wanted: string): string {
    const next = this.#next.get(wanted) ?? 2;
    let name = wanted;
    let n = next;
    for (; this.#taken.has(name); n++) name = `${wanted}_${n}`;
    this.#next.set(wanted, n);
    this.#taken.add(name);
    this.#order.push({ name, wanted, next });
    return name;
  }

  /** How many names are taken: what `forget` goes back to. */
  get count(): number {
    return this.#order.length;
  }

  /** Gives back the names that were taken after the first `count`. */
  forget(count: number): void {
    for (const { name, wanted, next } of this.#order.splice(count).reverse()) {
      this.#taken.delete(name);
      this.#next.set(wanted, next);
    }
  }
}
