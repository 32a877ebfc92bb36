import { dimension } from '../../algebra/index.js';
import type { Builder, Value, ValueType } from './builder.js';
import type { Ops } from './ops.js';
import { type Shape, type Size, sum } from './sizes.js';

/**
 * What a file computes. forward: the whole sequence, nothing kept. prefill: the same, and everything that later steps read
 * comes out. decode: new rows behind those whose state comes in.
 */
export type Entry = 'forward' | 'prefill' | 'decode';

/** Rows of the generated input before this pass. */
const past: Size = dimension('past');

/**
 * Where in a generation the file stands, and the state that goes in and out: `past.PATH` → `present.PATH`; constants
 * come out of the prefill and go into every decode step as `kept.PATH`.
 */
export class Pass {
  readonly entry: Entry;
  /** Rows of the constant prefix in front of the generated ones. */
  readonly prefix: number;
  /** Constants that the decode step reads; the prefill gives no others. */
  readonly #wanted: ReadonlySet<string> | undefined;
  /** The masks of real rows, by the inputs that they came beside. */
  readonly #presences = new Map<string, Value>();
  readonly #outputs: { readonly name: string; readonly value: Value }[] = [];

  constructor(entry: Entry, prefix: number, wanted?: ReadonlySet<string>) {
    this.entry = entry;
    this.prefix = prefix;
    this.#wanted = wanted;
  }

  /** Whether rows before this pass exist, whose state comes in. */
  get continues(): boolean {
    return this.entry === 'decode';
  }

  /** The position of the first new row, counted from the start of the prefix or, not `joined`, from behind it. */
  position(ops: Ops, joined: boolean): Value | 0 {
    return this.continues ? ops.size(this.rowsBefore(joined)) : 0;
  }

  /** Rows before this pass. */
  rowsBefore(joined: boolean): Size {
    return this.continues ? sum(past, joined ? this.prefix : 0) : 0;
  }

  /** Whether a sequence of this length can be without rows: behind a constant prefix a prompt may be. */
  mayBeEmpty(length: Size): boolean {
    return this.entry === 'prefill' && this.prefix > 0 && typeof length === 'object' && length.kind === 'dimension';
  }

  /**
   * Keys or values of earlier rows: [B, G, rows, d], `undefined` where the sequence begins. `like` is the new part, in the
   * same layout; `joined`: the stream has the constant prefix in front.
   */
  pastRows(builder: Builder, path: string, like: Value, joined: boolean): Value | undefined {
    if (!this.continues) return undefined;
    const shape = like.shape.map((size, axis) => (axis === 2 ? this.rowsBefore(joined) : size));
    const value = builder.input(`past.${path}`, like.type, shape);
    builder.showDimension('past', value, 2, joined ? this.prefix : 0);
    showBatch(builder, value);
    return value;
  }

  /** A recurrent state: its value before this pass, `undefined` where the sequence begins. */
  pastState(builder: Builder, path: string, { type, shape }: ValueType): Value | undefined {
    if (!this.continues) return undefined;
    const value = builder.input(`past.${path}`, type, shape);
    showBatch(builder, value);
    return value;
  }

  setPresence(input: Value, presence: Value): void {
    this.#presences.set(input.name, presence);
  }

  /** Which rows of an input are real: bool [B, T], of the growing one for all rows so far. */
  presenceOf(input: Value): Value {
    const presence = this.#presences.get(input.name);
    if (!presence) throw new Error(`nothing says which rows of '${input.name}' are real`);
    return presence;
  }

  /** What the next step reads as `past.PATH`. */
  present(path: string, value: Value): void {
    if (this.entry !== 'forward') this.#outputs.push({ name: `present.${path}`, value });
  }

  /** A constant of generation: made where the sequence begins, an input later. */
  kept(builder: Builder, path: string, { type, shape }: ValueType, make: () => Value): Value {
    const name = `kept.${path}`;
    if (this.continues) {
      const value = builder.input(name, type, shape);
      showSizes(builder, value, shape);
      return value;
    }
    const value = make();
    if (this.entry === 'prefill' && (this.#wanted?.has(name) ?? true)) this.#outputs.push({ name, value });
    return value;
  }

  /** Declares the outputs that carry the state. */
  finish(builder: Builder): void {
    for (const { name, value } of this.#outputs) builder.output(name, value);
  }
}

/** Every axis of an input that is a dimension shows its size. */
export function showSizes(builder: Builder, value: Value, shape: Shape): void {
  shape.forEach((size, axis) => {
    if (typeof size === 'object' && size.kind === 'dimension') builder.showDimension(size.name, value, axis);
  });
}

function showBatch(builder: Builder, value: Value): void {
  showSizes(builder, value, value.shape.slice(0, 1));
}
