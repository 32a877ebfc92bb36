import type { Span } from '@tfm-lang/grammar';
import { type At, failed, type Value } from './values.js';

/** A name and what it stands for. */
export interface Binding {
  readonly name: string;
  value: Value;
  readonly span?: Span;
  readonly isLabel: boolean;
  /** Of a parameter: the argument that was given. */
  readonly source?: At;
}

/** Names in scope, innermost first. */
export class Environment {
  readonly parent: Environment | undefined;
  readonly #bindings = new Map<string, Binding>();

  constructor(parent?: Environment) {
    this.parent = parent;
  }

  /** Binds a name here. A name defined twice (reported where names are resolved) stands for nothing any more. */
  define(name: string, value: Value, span?: Span, source?: At): void {
    const earlier = this.#bindings.get(name);
    if (earlier && !earlier.isLabel) earlier.value = failed;
    else this.#bindings.set(name, { name, value, isLabel: false, ...(span && { span }), ...(source && { source }) });
  }

  /** The copies of a labelled repeat, until something of that name is defined. */
  defineLabel(name: string, value: Value): void {
    const earlier = this.#bindings.get(name);
    if (!earlier || earlier.isLabel) this.#bindings.set(name, { name, value, isLabel: true });
  }

  /** Whether this scope itself binds the name to something other than a label. */
  has(name: string): boolean {
    return this.#bindings.get(name)?.isLabel === false;
  }

  find(name: string): Binding | undefined {
    return this.#bindings.get(name) ?? this.parent?.find(name);
  }
}
