/**
 * Where names of the spec become identifiers. All of them are declared here and nowhere else, so a name can neither be
 * a word of TypeScript nor hide another.
 */

const RESERVED = new Set(
  `abstract any arguments as async await bigint boolean break case catch class const constructor continue debugger declare
   default delete do else enum eval export extends false finally for from function get if implements import in infer
   instanceof interface is keyof let module namespace never new null number object of package private protected public
   readonly require return set static string super switch symbol this throw true try type typeof undefined unique
   unknown var void while with yield
   Array Boolean Error Infinity Map Math NaN Number Object Partial Pick Promise Readonly Record Set String Symbol
   globalThis exports __proto__`
    .trim()
    .split(/\s+/),
);

export class Names {
  readonly #taken = new Set<string>();
  readonly #outer: Names | undefined;

  constructor(outer?: Names, reserved: Iterable<string> = []) {
    this.#outer = outer;
    for (const name of reserved) this.#taken.add(name);
  }

  has(name: string): boolean {
    return this.#taken.has(name) || (this.#outer?.has(name) ?? RESERVED.has(name));
  }

  /** An identifier that nothing else in sight has, as near to `wanted` as can be. */
  declare(wanted: string): string {
    const plain = wanted.replace(/[^A-Za-z0-9_]/g, '_').replace(/^(?=[0-9]|$)/, '_');
    let name = plain;
    for (let i = 2; this.has(name); i++) name = `${plain}_${i}`;
    this.#taken.add(name);
    return name;
  }

  /** Lets another variable have the name: the loop that it belonged to is over. */
  release(name: string): void {
    this.#taken.delete(name);
  }
}
