import type {
  Block,
  Body,
  Call,
  Checkpoint,
  Expression,
  File,
  Fn,
  Identifier,
  Lambda,
  Mask,
  Model,
  Name,
  Parameter,
  Preset,
  Repeat,
  Scan,
  Score,
  Span,
  Statement,
  StringLiteral,
  Train,
  Type,
} from '@tfm-lang/grammar';
import { type Diagnostic, report } from '../../source/diagnostic.js';
import { suggestion } from '../../source/suggest.js';
import { standardLibrary } from '../../std.gen.js';
import { builtins } from '../builtins/table.js';
import { embeddedExpressions } from '../embedded.js';
import { Scope } from './scope.js';

/** Names that the language itself gives a value: nothing else may be called so. */
const reserved: ReadonlySet<string> = new Set(['self', 'none', 'identity', 'all', 'causal', 'pi', 'inf']);

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
  const resolver = new Resolver(file);
  resolver.file(tree, library, imported);
  const { diagnostics, unresolved, unusedLets } = resolver;
  return { diagnostics, unresolved, unusedLets };
}

/** Models of other files, by the name that the file gives them. */
export type ImportedModels = ReadonlyMap<string, Model>;

type Declared = Block | Fn | Mask | Score;

class Resolver {
  readonly diagnostics: Diagnostic[] = [];
  readonly unresolved = new Set<number>();
  readonly unusedLets = new Set<number>();
  readonly #file: string;

  constructor(file: string) {
    this.#file = file;
  }

  file(tree: File, library: Scope, imported: ImportedModels): void {
    const scope = new Scope(library);
    for (const { name, alias } of tree.imports.flatMap((i) => i.names)) this.#define(scope, alias ?? name, 'import');
    for (const d of tree.declarations) {
      if (d.kind === 'preset') continue;
      const earlier = scope.find(d.name.name);
      if (earlier?.role === 'import') this.#duplicate(d.name, earlier.span);
      else if (d.kind !== 'model') scope.define(d.name, 'other');
      this.#reserved(d.name);
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
      this.#mention(d.model.name, scope);
      this.#preset(d, models.get(d.model.name) ?? scope);
    }
    for (const { name, span, role, used } of scope.own()) {
      if (role === 'import' && !used) this.diagnostics.push(this.#at('unused_import', span, { name }));
    }
  }

  #at<
    N extends
      | 'unused_import'
      | 'unused_parameter'
      | 'unused_input'
      | 'unused_declaration'
      | 'unknown_name'
      | 'reserved_name'
      | 'duplicate_name'
      | 'parameter_order'
      | 'used_too_early'
      | 'default_of_itself',
  >(name: N, span: Span, parameters: Parameters<typeof report<N>>[1]['parameters'], first?: Span): Diagnostic {
    const labels = first ? [{ file: this.#file, span: first, text: 'first defined here' }] : [];
    return report(name, { file: this.#file, span, parameters, labels });
  }

  // ---------------------------------------------------------------------------------------------- definitions

  #define(
    scope: Scope,
    name: Identifier,
    role: Parameters<Scope['define']>[1],
    more?: Parameters<Scope['define']>[2],
  ): void {
    const earlier = scope.define(name, role, more);
    if (earlier) this.#duplicate(name, earlier.span);
    this.#reserved(name);
  }

  #duplicate({ name, span }: Identifier, first: Span): void {
    this.diagnostics.push(this.#at('duplicate_name', span, { name }, first));
  }

  #reserved({ name, span }: Identifier): void {
    if (reserved.has(name)) this.diagnostics.push(this.#at('reserved_name', span, { name }));
  }

  #parameters(parameters: readonly Parameter[], scope: Scope): void {
    const later = new Set(parameters.map((p) => p.name.name));
    for (const { name, default: initial } of parameters) {
      if (initial) this.#default(name.name, initial, later, scope);
      later.delete(name.name);
      this.#define(scope, name, 'parameter');
    }
  }

  /** A default sees the parameters before it. */
  #default(name: string, initial: Expression, later: ReadonlySet<string>, scope: Scope): void {
    for (const used of namesOf(initial)) {
      if (!later.has(used.name) || scope.find(used.name)) continue;
      this.unresolved.add(used.span.start);
      if (used.name === name) this.diagnostics.push(this.#at('default_of_itself', used.span, { name }));
      else this.diagnostics.push(this.#at('parameter_order', used.span, { name, later: used.name }));
    }
    this.#walk(initial, scope);
  }

  #model(model: Model, outer: Scope): Scope {
    const scope = new Scope(outer);
    this.#parameters(model.parameters, scope);
    this.#statements(model.statements, scope, true);
    const generated = model.statements.flatMap((s) => (s.kind === 'generate' ? [s.input.name] : []));
    for (const name of generated) this.#mention(name, scope);
    if (model.statements.some((s) => s.kind === 'output')) this.#report(scope);
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
    if (declaration.kind === 'mask' || declaration.kind === 'score') this.#walk(declaration.value, scope);
    else this.#body(declaration.body, scope);
    this.#report(scope);
  }

  #preset(preset: Preset, scope: Scope): void {
    for (const argument of preset.arguments) this.#walk(argument.value, scope);
  }

  /** What nothing mentions. Inputs, parameters and declarations are told here, `let`s where their value is known. */
  #report(scope: Scope): void {
    for (const { name, span, role, kind, used } of scope.own()) {
      if (used) continue;
      if (role === 'let') this.unusedLets.add(span.start);
      else if (role === 'input') this.diagnostics.push(this.#at('unused_input', span, { name }));
      else if (role === 'parameter') this.diagnostics.push(this.#at('unused_parameter', span, { name }));
      else if (role === 'declaration') this.diagnostics.push(this.#at('unused_declaration', span, { kind, name }));
    }
  }

  // ----------------------------------------------------------------------------------------------- statements

  /** Names first: blocks, functions, masks and scores may be used before they are written. */
  #statements(statements: readonly Statement[], scope: Scope, inModel = false): void {
    for (const s of statements) {
      if (s.kind === 'input') {
        this.#bindDimensions(s.type, scope);
        this.#define(scope, s.name, inModel ? 'input' : 'other', { from: s.span.end });
      } else if (s.kind === 'output') this.#define(scope, s.name, 'other', { from: s.span.end });
      else if (s.kind === 'let') for (const name of s.names) this.#define(scope, name, 'let', { from: s.span.end });
      else if (isDeclaration(s))
        this.#define(scope, s.name, 'declaration', { kind: s.kind === 'fn' ? 'function' : s.kind });
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
            if (d.size.kind !== 'name' || scope.find(d.size.name)) this.#walk(d.size, scope);
        this.#walk(s.value, scope, s.span.start);
        return;
      case 'input':
        for (const part of [s.type.of, ...s.type.dimensions.flatMap((d) => [d.size, d.most])])
          if (part) this.#walk(part, scope);
        for (const option of s.options) this.#walk(option.value, scope);
        return;
      case 'let':
      case 'emit':
        this.#walk(s.value, scope, s.span.start);
        return;
      case 'require':
        this.#walk(s.condition, scope);
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
      this.#name({ kind: 'name', name, span }, scope, undefined);
  }

  #train(s: Train, scope: Scope): void {
    for (const { name } of namesOf(s.against)) this.#mention(name, scope);
    if (s.loss.kind === 'call') for (const argument of s.loss.arguments) this.#walk(argument.value, scope);
  }

  #checkpoint(s: Checkpoint, scope: Scope): void {
    for (const rule of s.rules) {
      if (rule.kind !== 'alias' && rule.when) this.#walk(rule.when, scope);
      if (rule.kind === 'ignore') continue;
      if (rule.kind === 'rule' && rule.default) this.#walk(rule.default, scope);
      for (const step of rule.steps) {
        if (step.kind === 'call') for (const argument of step.arguments) this.#walk(argument.value, scope);
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

  // ---------------------------------------------------------------------------------------------- expressions

  #mention(name: string, scope: Scope): void {
    const found = scope.find(name);
    if (found) found.used = true;
  }

  /** `before`: the start of the statement that reads now; lazily read places (bodies of blocks) have none. */
  #walk(node: unknown, scope: Scope, before?: number): void {
    if (typeof node !== 'object' || node === null) return;
    if (Array.isArray(node)) {
      for (const child of node) this.#walk(child, scope, before);
      return;
    }
    if (isNode(node, 'name')) this.#name(node, scope, before);
    else if (isNode(node, 'call')) this.#call(node, scope, before);
    else if (isNode(node, 'binary') && node.operator === 'in') {
      // Behind `in` stands a part of a sequence, which has its own names.
      this.#walk(node.left, scope, before);
      if (node.right.kind === 'name') this.#mention(node.right.name, scope);
      else this.#walk(node.right, scope, before);
    } else if (isNode(node, 'lambda')) this.#lambda(node, scope);
    else if (isNode(node, 'repeat')) this.#repeat(node, scope, before);
    else if (isNode(node, 'scan')) this.#scan(node, scope, before);
    else for (const child of Object.values(node)) this.#walk(child, scope, before);
  }

  #name(node: Name, scope: Scope, before: number | undefined): void {
    if (this.unresolved.has(node.span.start)) return;
    const found = scope.find(node.name, before);
    const later = scope.find(node.name);
    if (found) found.used = true;
    else if (later) {
      later.used = true;
      this.unresolved.add(node.span.start);
      this.diagnostics.push(this.#at('used_too_early', node.span, { name: node.name }));
    } else if (node.name !== '' && !builtins.has(node.name) && !reserved.has(node.name)) this.#unknown(node, scope);
  }

  #unknown({ name, span }: Name, scope: Scope): void {
    this.unresolved.add(span.start);
    const near = suggestion(name, [...scope.names(), ...builtins.keys(), ...reserved]);
    const from = libraryOf(name);
    const help = from === undefined ? {} : { help: `import { ${name} } from "${from}"` };
    const parameters = { name, suggestion: near };
    this.diagnostics.push(report('unknown_name', { file: this.#file, span, parameters, ...help }));
  }

  /** Some arguments of builtins are words, whatever else is called so: `axis: features`. */
  #call(node: Call, scope: Scope, before: number | undefined): void {
    this.#walk(node.callee, scope, before);
    const builtin =
      node.callee.kind === 'name' && !scope.find(node.callee.name) ? builtins.get(node.callee.name) : undefined;
    for (const { name, value } of node.arguments) {
      // A word that the argument does not understand is told where its value is known.
      const words = builtin?.parameters.find((p) => p.name === name?.name)?.words;
      const unknown = (words || builtin?.later !== undefined) && value.kind === 'name' && !scope.find(value.name);
      const isWord = value.kind === 'name' && (words?.includes(value.name) || unknown);
      if (!isWord) this.#walk(value, scope, before);
    }
    if (node.trailing) this.#walk(node.trailing, scope, before);
  }

  #lambda(node: Lambda, outer: Scope): void {
    const scope = new Scope(outer);
    for (const parameter of node.parameters) this.#define(scope, parameter, 'other');
    this.#body(node.body, scope);
    this.#report(scope);
  }

  #repeat(node: Repeat, outer: Scope, before: number | undefined): void {
    this.#walk(node.count, outer, before);
    const scope = new Scope(outer);
    if (node.index) scope.define(node.index, 'other');
    this.#walk(node.body, scope, before);
  }

  #scan(node: Scan, outer: Scope, before: number | undefined): void {
    const scope = new Scope(outer);
    for (const { name, value } of node.bindings) {
      this.#walk(value, outer, before);
      this.#define(scope, name, 'other');
    }
    this.#body(node.body, scope);
    this.#report(scope);
  }

  #body(body: Expression | Body, scope: Scope): void {
    if (body.kind === 'body') {
      this.#statements(body.statements, scope);
      this.#walk(body.result, scope);
      return;
    }
    this.#labels(body, scope);
    this.#walk(body, scope);
  }
}

/** The module of the standard library that declares a name. */
function libraryOf(name: string): string | undefined {
  const declared = new RegExp(`^(?:block|fn|mask|score) ${name}\\b`, 'm');
  return Object.keys(standardLibrary).find(
    (path) => path.startsWith('std/') && path !== 'std/prelude' && declared.test(standardLibrary[path] ?? ''),
  );
}

function isDeclaration(statement: Statement): statement is Declared {
  return ['block', 'fn', 'mask', 'score'].includes(statement.kind);
}

function isNode<K extends Expression['kind']>(node: object, kind: K): node is Extract<Expression, { kind: K }> {
  return 'kind' in node && node.kind === kind;
}

function namesOf(node: unknown): Name[] {
  if (typeof node !== 'object' || node === null) return [];
  if (isNode(node, 'name')) return [node];
  return Object.values(node).flatMap(namesOf);
}
