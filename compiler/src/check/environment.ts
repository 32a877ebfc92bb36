import type { Span } from '@tfm-lang/grammar';
import type { Value } from './values.js';

/** A name and what it stands for; `used` tells names that nobody reads. */
export interface Binding {
  readonly name: string;
  value: Value;
  readonly span?: Span;
  readonly role: 'parameter' | 'let' | 'input' | 'output' | 'import' | 'declaration' | 'label' | 'local';
  used: boolean;
}

/** Names in scope, innermost first. */
export class Environment {
  readonly parent: Environment | undefined;
  readonly #bindings = new Map<string, Binding>();

  constructor(parent?: Environment) {
    this.parent = parent;
  }

  /** Binds a name here; the earlier binding of this same scope, if any, is returned and kept. */
  define(name: string, value: Value, role: Binding['role'], span?: Span): Binding | undefined {
    const earlier = this.#bindings.get(name);
    if (earlier !== undefined) return earlier;
    this.#bindings.set(name, { name, value, role, used: false, ...(span && { span }) });
    return undefined;
  }

  /** Looks a name up and counts it as used. */
  lookup(name: string): Binding | undefined {
    const binding = this.find(name);
    if (binding) binding.used = true;
    return binding;
  }

  find(name: string): Binding | undefined {
    return this.#bindings.get(name) ?? this.parent?.find(name);
  }

  own(): readonly Binding[] {
    return [...this.#bindings.values()];
  }

  /** Every visible name, for suggestions. */
  names(): string[] {
    return [...new Set([...this.#bindings.keys(), ...(this.parent?.names() ?? [])])];
  }
}
