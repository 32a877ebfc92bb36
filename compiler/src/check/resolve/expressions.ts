import type { Body, Call, Expression, Lambda, Name, Repeat, Scan } from '@tfm-lang/grammar';
import { builtins } from '../builtins/table.js';
import { type Findings, reserved } from './findings.js';
import { Scope } from './scope.js';
import { isNode } from './tree.js';

/** Resolves the names in expressions. */
export class Expressions {
  readonly #findings: Findings;
  readonly #body: (body: Expression | Body, scope: Scope) => void;

  /** @param body Resolves the body of a lambda or a scan, which may have statements. */
  constructor(findings: Findings, body: (body: Expression | Body, scope: Scope) => void) {
    this.#findings = findings;
    this.#body = body;
  }

  /** Marks what a name stands for as used, if it stands for anything. */
  mention(name: string, scope: Scope): void {
    const found = scope.find(name);
    if (found) found.used = true;
  }

  /** `before`: the start of the statement that reads now; lazily read places (bodies of blocks) have none. */
  walk(node: unknown, scope: Scope, before?: number): void {
    if (typeof node !== 'object' || node === null) return;
    if (Array.isArray(node)) {
      for (const child of node) this.walk(child, scope, before);
      return;
    }
    if (isNode(node, 'name')) this.name(node, scope, before);
    else if (isNode(node, 'call')) this.#call(node, scope, before);
    else if (isNode(node, 'binary') && node.operator === 'in') {
      // Behind `in` stands a part of a sequence, which has its own names.
      this.walk(node.left, scope, before);
      if (node.right.kind === 'name') this.mention(node.right.name, scope);
      else this.walk(node.right, scope, before);
    } else if (isNode(node, 'lambda')) this.#lambda(node, scope);
    else if (isNode(node, 'repeat')) this.#repeat(node, scope, before);
    else if (isNode(node, 'scan')) this.#scan(node, scope, before);
    else for (const child of Object.values(node)) this.walk(child, scope, before);
  }

  /** A name that is read: what it is, or that it is nothing. */
  name(node: Name, scope: Scope, before: number | undefined): void {
    if (this.#findings.unresolved.has(node.span.start)) return;
    const found = scope.find(node.name, before);
    const later = scope.find(node.name);
    if (found) found.used = true;
    else if (later) {
      later.used = true;
      this.#findings.unresolved.add(node.span.start);
      this.#findings.tell('used_too_early', node.span, { name: node.name });
    } else if (node.name !== '' && !builtins.has(node.name) && !reserved.has(node.name))
      this.#findings.unknown(node, scope);
  }

  /** Some arguments of builtins are words, whatever else is called so: `axis: features`. */
  #call(node: Call, scope: Scope, before: number | undefined): void {
    this.walk(node.callee, scope, before);
    const builtin =
      node.callee.kind === 'name' && !scope.find(node.callee.name) ? builtins.get(node.callee.name) : undefined;
    for (const { name, value } of node.arguments) {
      // A word that the argument does not understand is told where its value is known.
      const words = builtin?.parameters.find((p) => p.name === name?.name)?.words;
      const unknown = (words || builtin?.later !== undefined) && value.kind === 'name' && !scope.find(value.name);
      const isWord = value.kind === 'name' && (words?.includes(value.name) || unknown);
      if (!isWord) this.walk(value, scope, before);
    }
    if (node.trailing) this.walk(node.trailing, scope, before);
  }

  #lambda(node: Lambda, outer: Scope): void {
    const scope = new Scope(outer);
    for (const parameter of node.parameters) this.#findings.define(scope, parameter, 'other');
    this.#body(node.body, scope);
    this.#findings.unused(scope);
  }

  #repeat(node: Repeat, outer: Scope, before: number | undefined): void {
    this.walk(node.count, outer, before);
    const scope = new Scope(outer);
    if (node.index) scope.define(node.index, 'other');
    this.walk(node.body, scope, before);
  }

  #scan(node: Scan, outer: Scope, before: number | undefined): void {
    const scope = new Scope(outer);
    for (const { name, value } of node.bindings) {
      this.walk(value, outer, before);
      this.#findings.define(scope, name, 'other');
    }
    this.#body(node.body, scope);
    this.#findings.unused(scope);
  }
}
