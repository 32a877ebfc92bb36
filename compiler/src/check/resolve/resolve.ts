import type {
  Body,
  Checkpoint,
  Expression,
  File,
  Model,
  Parameter,
  Preset,
  Statement,
  StringLiteral,
  Train,
  Type,
} from '@tfm-lang/grammar';
import type { Diagnostic } from '../../source/diagnostic.js';
import { embeddedExpressions } from '../embedded.js';
import { Expressions } from './expressions.js';
import { Findings } from './findings.js';
import { Scope } from './scope.js';
import { type Declared, isDeclaration, isNode, namesOf } from './tree.js';

/** What the names of a file say before anything is evaluated. */
export interface Resolution {
  readonly diagnostics: readonly Diagnostic[];
  /** Starts of names that mean nothing: already reported. */
  readonly unresolved: ReadonlySet<number>;
  /** Starts of the names of `let`s that nothing mentions. */
  readonly unusedLets: ReadonlySet<number>;
}

/**
 * Resolves every name of a file lexically, in blocks that no model uses too: unknown, doubly defined and unused names.
 * Which kind of value a name stands for is settled later, when the model is walked.
 */
export function resolveNames(tree: File, file: string, library: Scope, imported: ImportedModels): Resolution {
  const findings = new Findings(file);
  new Resolver(findings).file(tree, library, imported);
  return findings;
}

/** Models of other files, by the name that the file gives them. */
export type ImportedModels = ReadonlyMap<string, Model>;

/** Resolves the names in declarations and statements. */
class Resolver {
  readonly #findings: Findings;
  readonly #expressions: Expressions;

  constructor(findings: Findings) {
    this.#findings = findings;
    this.#expressions = new Expressions(findings, (body, scope) => this.#body(body, scope));
  }

  file(tree: File, library: Scope, imported: ImportedModels): void {
    const scope = new Scope(library);
    for (const { name, alias } of tree.imports.flatMap((i) => i.names))
      this.#findings.define(scope, alias ?? name, 'import');
    for (const d of tree.declarations) {
      if (d.kind === 'preset') continue;
      const earlier = scope.find(d.name.name);
      if (earlier?.role === 'import') this.#findings.duplicate(d.name, earlier.span);
      else if (d.kind !== 'model') scope.define(d.name, 'other');
      this.#findings.checkReserved(d.name);
    }
    const models = new Map<string, Scope>();
    for (const [name, model] of imported) {
      // The values of a preset may use the model's parameters, wherever the model is declared.
      const parameters = new Scope(library);
      for (const parameter of model.parameters) parameters.define(parameter.name, 'other');
      models.set(name, parameters);
    }
    for (const d of tree.declarations) {
      if (d.kind === 'model') models.set(d.name.name, this.#model(d, scope));
      else if (d.kind !== 'preset') this.#declared(d, scope);
    }
    for (const d of tree.declarations) {
      if (d.kind !== 'preset') continue;
      this.#expressions.mention(d.model.name, scope);
      this.#preset(d, models.get(d.model.name) ?? scope);
    }
    for (const { name, span, role, used } of scope.own()) {
      if (role === 'import' && !used) this.#findings.tell('unused_import', span, { name });
    }
  }

  #parameters(parameters: readonly Parameter[], scope: Scope): void {
    const later = new Set(parameters.map((p) => p.name.name));
    for (const { name, default: initial } of parameters) {
      if (initial) this.#default(name.name, initial, later, scope);
      later.delete(name.name);
      this.#findings.define(scope, name, 'parameter');
    }
  }

  /** A default sees the parameters before it. */
  #default(name: string, initial: Expression, later: ReadonlySet<string>, scope: Scope): void {
    for (const used of namesOf(initial)) {
      if (!later.has(used.name) || scope.find(used.name)) continue;
      this.#findings.unresolved.add(used.span.start);
      if (used.name === name) this.#findings.tell('default_of_itself', used.span, { name });
      else this.#findings.tell('parameter_order', used.span, { name, later: used.name });
    }
    this.#expressions.walk(initial, scope);
  }

  #model(model: Model, outer: Scope): Scope {
    const scope = new Scope(outer);
    this.#parameters(model.parameters, scope);
    this.#statements(model.statements, scope, true);
    const generated = model.statements.flatMap((s) => (s.kind === 'generate' ? [s.input.name] : []));
    for (const name of generated) this.#expressions.mention(name, scope);
    if (model.statements.some((s) => s.kind === 'output')) this.#findings.unused(scope);
    return scope;
  }

  #declared(declaration: Declared, outer: Scope): void {
    const scope = new Scope(outer);
    if (declaration.kind === 'block') {
      const { stream } = declaration;
      if (stream?.type) this.#bindDimensions(stream.type, scope);
      if (stream?.name) scope.define(stream.name, 'other');
      scope.define({ name: 'self', span: declaration.name.span }, 'other');
    }
    this.#parameters(declaration.parameters, scope);
    if (declaration.kind === 'mask' || declaration.kind === 'score') this.#expressions.walk(declaration.value, scope);
    else this.#body(declaration.body, scope);
    this.#findings.unused(scope);
  }

  #preset(preset: Preset, scope: Scope): void {
    for (const argument of preset.arguments) this.#expressions.walk(argument.value, scope);
  }

  /** Names first: blocks, functions, masks and scores may be used before they are written. */
  #statements(statements: readonly Statement[], scope: Scope, inModel = false): void {
    for (const s of statements) {
      if (s.kind === 'input') {
        this.#bindDimensions(s.type, scope);
        this.#findings.define(scope, s.name, inModel ? 'input' : 'other', { from: s.span.end });
      } else if (s.kind === 'output') this.#findings.define(scope, s.name, 'other', { from: s.span.end });
      else if (s.kind === 'let')
        for (const name of s.names) this.#findings.define(scope, name, 'let', { from: s.span.end });
      else if (isDeclaration(s))
        this.#findings.define(scope, s.name, 'declaration', { kind: s.kind === 'fn' ? 'function' : s.kind });
      this.#labels(s, scope);
    }
    for (const s of statements) this.#statement(s, scope);
  }

  #statement(s: Statement, scope: Scope): void {
    switch (s.kind) {
      case 'block':
      case 'fn':
      case 'mask':
      case 'score':
        this.#declared(s, scope);
        return;
      case 'output':
        // What a dimension of an output must be is told where its type is read.
        if (s.type)
          for (const d of s.type.dimensions)
            if (d.size.kind !== 'name' || scope.find(d.size.name)) this.#expressions.walk(d.size, scope);
        this.#expressions.walk(s.value, scope, s.span.start);
        return;
      case 'input':
        for (const part of [s.type.of, ...s.type.dimensions.flatMap((d) => [d.size, d.most])])
          if (part) this.#expressions.walk(part, scope);
        for (const option of s.options) this.#expressions.walk(option.value, scope);
        return;
      case 'let':
      case 'emit':
        this.#expressions.walk(s.value, scope, s.span.start);
        return;
      case 'require':
        this.#expressions.walk(s.condition, scope);
        if (s.message) this.#message(s.message, scope);
        return;
      case 'train':
        this.#train(s, scope);
        return;
      case 'checkpoint':
        this.#checkpoint(s, scope);
        return;
      case 'generate':
        return;
    }
  }

  /** The expressions in the braces of a message; their names are placed at the message. */
  #message({ value, span }: StringLiteral, scope: Scope): void {
    for (const { name } of embeddedExpressions(value).flatMap(namesOf))
      this.#expressions.name({ kind: 'name', name, span }, scope, undefined);
  }

  #train(s: Train, scope: Scope): void {
    for (const { name } of namesOf(s.against)) this.#expressions.mention(name, scope);
    if (s.loss.kind === 'call') for (const argument of s.loss.arguments) this.#expressions.walk(argument.value, scope);
  }

  #checkpoint(s: Checkpoint, scope: Scope): void {
    for (const rule of s.rules) {
      if (rule.kind !== 'alias' && rule.when) this.#expressions.walk(rule.when, scope);
      if (rule.kind === 'ignore') continue;
      if (rule.kind === 'rule' && rule.default) this.#expressions.walk(rule.default, scope);
      for (const step of rule.steps) {
        if (step.kind === 'call') for (const argument of step.arguments) this.#expressions.walk(argument.value, scope);
      }
    }
  }

  /** In an input or a stream, a name alone that means nothing yet is a dimension. */
  #bindDimensions(type: Type, scope: Scope): void {
    for (const { size } of type.dimensions) {
      for (const name of namesOf(size)) if (!scope.find(name.name)) scope.define(name, 'other');
    }
  }

  /** `repeat(n) as encoder { … }`: `encoder[i]` is a copy's result. */
  #labels(node: unknown, scope: Scope): void {
    if (typeof node !== 'object' || node === null) return;
    if (Array.isArray(node)) {
      for (const child of node) this.#labels(child, scope);
      return;
    }
    if (isNode(node, 'labelled') && node.value.kind === 'repeat') scope.define(node.label, 'other');
    for (const [key, child] of Object.entries(node)) if (key !== 'span') this.#labels(child, scope);
  }

  #body(body: Expression | Body, scope: Scope): void {
    if (body.kind === 'body') {
      this.#statements(body.statements, scope);
      this.#expressions.walk(body.result, scope);
      return;
    }
    this.#labels(body, scope);
    this.#expressions.walk(body, scope);
  }
}
