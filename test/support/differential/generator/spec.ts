/** A size as the spec writes it, and its value with the default configuration. */
export interface Size {
  readonly text: string;
  readonly value: number;
}

export const literal = (value: number): Size => ({ text: String(value), value });

/** `2 * width`: parentheses where the size is a sum. */
export const times = (factor: number, size: Size): Size =>
  factor === 1 ? size : { text: `${factor} * ${grouped(size.text)}`, value: factor * size.value };

const grouped = (text: string): string => (/^[\w.]+$/.test(text) ? text : `(${text})`);

/** The text of one model, as it grows. Every name is new. */
export class Spec {
  readonly settings: Record<string, unknown> = {};
  readonly shortest: Record<string, number> = {};
  readonly #parameters: string[] = [];
  readonly #statements: string[] = [];
  readonly #declarations: string[] = [];
  readonly #imports = new Set<string>();
  readonly #used = new Map<string, number>();

  /** `base`, `base_2`, … */
  name(base: string): string {
    const count = (this.#used.get(base) ?? 0) + 1;
    this.#used.set(base, count);
    return count === 1 ? base : `${base}_${count}`;
  }

  /** A parameter with this default; `setting` is what the configuration has instead. */
  parameter(base: string, byDefault: string | number | boolean, setting?: unknown): string {
    const name = this.name(base);
    this.#parameters.push(`${name} = ${byDefault}`);
    if (setting !== undefined) this.settings[name] = setting;
    return name;
  }

  size(base: string, byDefault: number, setting?: number): Size {
    return { text: this.parameter(base, byDefault, setting), value: byDefault };
  }

  /** An input, a `let`, an output, `generate` or `require`: these stand in their order. */
  statement(text: string): void {
    this.#statements.push(text);
  }

  /** A block, mask, score or function of the model; returns its name. */
  declare(kind: 'block' | 'fn' | 'mask' | 'score', base: string, text: (name: string) => string): string {
    const name = this.name(base);
    this.#declarations.push(`${kind} ${text(name)}`);
    return name;
  }

  /** A name of `std/layers`. */
  import(name: string): string {
    this.#imports.add(name);
    return name;
  }

  dimensionAtLeast(name: string, length: number): void {
    this.shortest[name] = Math.max(this.shortest[name] ?? 1, length);
  }

  /** The whole file; `behind` are the presets. */
  print(model: string, behind: readonly string[] = []): string {
    const imports = [...this.#imports].sort();
    const body = [...this.#statements, ...this.#declarations].map((line) => `  ${line.replaceAll('\n', '\n  ')}`);
    return [
      ...(imports.length > 0 ? [`import { ${imports.join(', ')} } from "std/layers"`, ''] : []),
      `model ${model}(${this.#parameters.join(', ')}) {`,
      ...body,
      '}',
      ...behind,
      '',
    ].join('\n');
  }
}
