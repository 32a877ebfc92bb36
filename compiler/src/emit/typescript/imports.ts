/** What the generated file imports from the runtime: collected while code is written, printed once. */
export class Imports {
  readonly #values = new Set<string>();
  readonly #types = new Set<string>();

  /** The name of a value of the runtime. */
  value(name: string): string {
    this.#values.add(name);
    return name;
  }

  type(name: string): string {
    this.#types.add(name);
    return name;
  }

  /** Sorted by name, types marked as such. */
  named(): readonly { readonly name: string; readonly isTypeOnly: boolean }[] {
    const types = [...this.#types].filter((name) => !this.#values.has(name));
    return [
      ...[...this.#values].map((name) => ({ name, isTypeOnly: false })),
      ...types.map((name) => ({ name, isTypeOnly: true })),
    ].sort((a, b) => (a.name.toLowerCase() < b.name.toLowerCase() ? -1 : 1));
  }
}
