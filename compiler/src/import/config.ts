/** A field of a config that an import cannot take as it is. */
export type ConfigProblem =
  | { readonly kind: 'unknown'; readonly field: string; readonly value: unknown }
  | { readonly kind: 'unsupported'; readonly field: string; readonly value: unknown; readonly supported: string }
  | { readonly kind: 'malformed'; readonly field: string; readonly value: unknown; readonly expected: string }
  | { readonly kind: 'missing'; readonly field: string };

/** A field by its names: the library's own, then those that it takes for the same. */
export type FieldName = string | readonly string[];

type Fields = Readonly<Record<string, unknown>>;

/**
 * Reads a config field by field, records every field that it looks at, and collects what is wrong. An absent field, and one
 * that is null, has the default that the original library gives it; a wrong one too, so that reading goes on.
 */
export class ConfigReader {
  readonly problems: ConfigProblem[] = [];
  readonly #fields: Fields;
  readonly #path: string;
  readonly #read = new Set<string>();
  readonly #children: ConfigReader[] = [];

  constructor(fields: Fields, path = '') {
    this.#fields = fields;
    this.#path = path;
  }

  /** Every field that was looked at, those of inner objects by their paths. */
  get read(): readonly string[] {
    return [...[...this.#read].map((name) => this.#path + name), ...this.#children.flatMap((child) => child.read)];
  }

  /** Every problem once, those of inner objects included. */
  get allProblems(): readonly ConfigProblem[] {
    const all = [...this.problems, ...this.#children.flatMap((child) => child.allProblems)];
    return all.filter(
      ({ kind, field }, i) => all.findIndex((other) => other.kind === kind && other.field === field) === i,
    );
  }

  has(name: string): boolean {
    return this.#fields[name] !== undefined && this.#fields[name] !== null;
  }

  number(name: FieldName, byDefault?: number): number {
    const value = this.#take(name);
    if (typeof value === 'number') return value;
    if (value !== undefined) this.#malformed(name, value, 'a number');
    else if (byDefault === undefined) this.problems.push({ kind: 'missing', field: this.#path + first(name) });
    return byDefault ?? 1;
  }

  optional(name: FieldName, byDefault: number | null = null): number | null {
    const value = this.#take(name);
    if (typeof value === 'number') return value;
    if (value !== undefined) this.#malformed(name, value, 'a number or null');
    return this.#isNull(name) ? null : byDefault;
  }

  flag(name: FieldName, byDefault: boolean): boolean {
    const value = this.#take(name);
    if (typeof value === 'boolean') return value;
    if (value !== undefined) this.#malformed(name, value, 'true or false');
    return byDefault;
  }

  /** One of the texts of a table, as what the table says of it. */
  choice<T>(name: FieldName, byDefault: string, table: Readonly<Record<string, T>>): T {
    const value = this.#take(name) ?? byDefault;
    const text = typeof value === 'string' ? value : '';
    if (Object.hasOwn(table, text)) return table[text]!;
    this.unsupported(name, value, Object.keys(table).join(', '));
    return table[byDefault]!;
  }

  /** The numbers of a list; absent where the field is. */
  numbers(name: FieldName): readonly number[] | undefined {
    const value = this.#take(name);
    if (value === undefined) return undefined;
    if (Array.isArray(value) && value.every((item) => typeof item === 'number')) return value as number[];
    this.#malformed(name, value, 'a list of numbers');
    return undefined;
  }

  texts(name: FieldName): readonly string[] | undefined {
    const value = this.#take(name);
    if (value === undefined) return undefined;
    if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value as string[];
    this.#malformed(name, value, 'a list of texts');
    return undefined;
  }

  /** Anything: the caller checks it. */
  any(name: FieldName): unknown {
    return this.#take(name);
  }

  /** An inner object with a reader of its own. */
  object(name: FieldName): ConfigReader | undefined {
    const value = this.#take(name);
    if (value === undefined) return undefined;
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      const path = `${this.#path}${first(name)}.`;
      const known = this.#children.find((child) => child.#path === path);
      const child = known ?? new ConfigReader(value as Fields, path);
      if (!known) this.#children.push(child);
      return child;
    }
    this.#malformed(name, value, 'an object');
    return undefined;
  }

  /** Refuses every value but these, which change nothing. An absent field is one of them. */
  only(name: FieldName, ...values: readonly unknown[]): void {
    const value = this.#take(name);
    if (value !== undefined && !values.includes(value)) {
      this.unsupported(name, value, values.map((known) => JSON.stringify(known)).join(' or '));
    }
  }

  /** Fields that are known and change no number. */
  harmless(...names: readonly string[]): void {
    for (const name of names) this.#read.add(name);
  }

  unsupported(name: FieldName, value: unknown, supported: string): void {
    this.problems.push({ kind: 'unsupported', field: this.#path + first(name), value, supported });
  }

  /** Fields that nothing looked at could change the numbers. */
  finish(): void {
    for (const [field, value] of Object.entries(this.#fields)) {
      if (!this.#read.has(field) && value !== null) {
        this.problems.push({ kind: 'unknown', field: this.#path + field, value });
      }
    }
    for (const child of this.#children) child.finish();
  }

  #take(name: FieldName): unknown {
    const names = typeof name === 'string' ? [name] : name;
    for (const each of names) this.#read.add(each);
    const found = names.find((each) => this.has(each));
    return found === undefined ? undefined : this.#fields[found];
  }

  #isNull(name: FieldName): boolean {
    return (typeof name === 'string' ? [name] : name).some((each) => this.#fields[each] === null);
  }

  #malformed(name: FieldName, value: unknown, expected: string): void {
    this.problems.push({ kind: 'malformed', field: this.#path + first(name), value, expected });
  }
}

function first(name: FieldName): string {
  return typeof name === 'string' ? name : (name[0] ?? '');
}
