import type { Identifier, Span } from '@tfm-lang/grammar';

export type Role = 'import' | 'parameter' | 'let' | 'input' | 'declaration' | 'other';

/** A name that a file defines, and whether anything there mentions it. */
export interface Definition {
  readonly name: string;
  readonly span: Span;
  readonly role: Role;
  /** Of a declaration: `block`, `mask`. */
  readonly kind: string;
  /** Where its value can be used from: the end of a `let`; 0 for what may be used before it is written. */
  readonly from: number;
  used: boolean;
}

/** Lexical scope: the names between two braces or parentheses, wherever in it they are defined. */
export class Scope {
  readonly parent: Scope | undefined;
  readonly #own = new Map<string, Definition>();

  constructor(parent?: Scope) {
    this.parent = parent;
  }

  /** The earlier definition of the same name in this scope, if there is one; it is kept. */
  define(
    { name, span }: Identifier,
    role: Role,
    more: { readonly kind?: string; readonly from?: number } = {},
  ): Definition | undefined {
    const earlier = this.#own.get(name);
    if (earlier || name === '') return earlier;
    this.#own.set(name, { name, span, role, kind: more.kind ?? role, from: more.from ?? 0, used: false });
    return undefined;
  }

  /** The innermost definition that can be used at `before`; anywhere without it. */
  find(name: string, before = Number.POSITIVE_INFINITY): Definition | undefined {
    const own = this.#own.get(name);
    return own && own.from <= before ? own : this.parent?.find(name, before);
  }

  own(): readonly Definition[] {
    return [...this.#own.values()];
  }

  /** Every visible name, innermost first: for suggestions. */
  names(): string[] {
    return [...new Set([...this.#own.keys(), ...(this.parent?.names() ?? [])])];
  }
}
