import type { Expression, GraphFunction, Initializer, ScopeDeclaration, WeightDeclaration } from '../../graph/graph.js';
import { type CopiesInterface, FunctionContext, type ModelContext } from './context.js';
import { scalar } from './expressions.js';
import { type Code, callOf, flat, group, layout, listOf } from './layout.js';
import { hasWeights } from './node-kinds.js';
import { spelledShape } from './spelling.js';
import { printed, type Statement } from './statement.js';
import { camelCase, commentText, pascalCase, propertyName, stringLiteral } from './text.js';
import { isConditional, isList, type WeightNode } from './weight-tree.js';

/** A member of an interface of weights. */
export interface WeightMember {
  readonly name: string;
  readonly type: string;
  readonly optional: boolean;
  readonly documentation?: string;
}

/** The members of the weights of a function: one for each label. */
export function weightMembers(fn: GraphFunction, model: ModelContext): readonly WeightMember[] {
  return members(model.treeOf(fn.name), model);
}

/** What a function's interface extends: blocks whose weights stand beside its labels, or copies that are all it has. */
export function weightBases(fn: GraphFunction, model: ModelContext): readonly string[] {
  const tree = model.treeOf(fn.name);
  return [...callTypes(tree, model), ...(isList(tree) ? [flat(listType(tree, model, fn.name))] : [])];
}

function members(node: WeightNode, model: ModelContext, shared?: number): readonly WeightMember[] {
  return [...node.children].map(([label, child]) => {
    const documentation = describe(child);
    const name = propertyName(label);
    return {
      name,
      type: layout(typeOf(child, model, label, shared), 0, name.length + 16),
      optional: child.when !== undefined,
      ...(documentation === undefined ? {} : { documentation }),
    };
  });
}

function typeOf(node: WeightNode, model: ModelContext, label: string, shared?: number): Code {
  if (node.weights.length > 0) return model.imports.type('Tensor');
  const parts: Code[] = callTypes(node, model);
  if (node.children.size > 0) {
    const inline = [...node.children].map(([name, child]): Code => {
      return [
        `readonly ${propertyName(name)}${child.when === undefined ? '' : '?'}: `,
        typeOf(child, model, name, shared),
      ];
    });
    parts.push({ ...group('{', inline, '}', true), separator: ';' });
  }
  if (isList(node)) parts.push(listType(node, model, label, shared));
  const [first, ...rest] = parts;
  return first === undefined ? 'object' : [first, ...rest.flatMap((part): Code[] => [' & ', part])];
}

/** A list where a loop runs over the copies, a tuple where they are written out, because each may be another. */
function listType({ element, copies }: WeightNode, model: ModelContext, label: string, shared?: number): Code {
  if (element) {
    const type = elementType(element.node, model, label, shared);
    return `readonly ${/[&{|]|^readonly /.test(type) ? `(${type})` : type}[]`;
  }
  const first = shared ?? model.copies.length;
  const types = copies.map((copy) => elementType(copy, model, label, first));
  return ['readonly ', listOf(types)];
}

/**
 * What each copy of a repeat has: a block's interface, or one of its own where the copies are written in place.
 * Inside of copies that are written out, equal ones are one: they share those from the position `shared` on.
 */
function elementType(node: WeightNode, model: ModelContext, label: string, shared?: number): string {
  if (node.children.size === 0) return flat(typeOf(node, model, label, shared));
  const own = { label, extended: callTypes(node, model), members: members(node, model, shared) };
  const first = shared ?? model.copies.length;
  const known = model.copies.findIndex((other, index) => index >= first && shapeless(other) === shapeless(own));
  const other = model.copies[known];
  if (other) {
    model.copies[known] = { ...other, members: other.members.map((each, i) => common(each, own.members[i])) };
    return other.name;
  }
  const name = model.names.declare(`${model.prefix}${pascalCase(label.replace(/(?<=[^s])s$/, ''))}Weights`);
  model.copies.push({ name, ...own });
  return name;
}

const shapeless = ({ label, extended, members }: Omit<CopiesInterface, 'name'>): string =>
  JSON.stringify([label, extended, members.map(({ documentation: _, ...member }) => member)]);

/** A member of several copies: it has a shape to tell where that is the same in all. */
function common({ documentation, ...member }: WeightMember, other: WeightMember | undefined): WeightMember {
  return documentation === undefined || documentation !== other?.documentation ? member : { ...member, documentation };
}

/** One type for each block; those of a choice are one union. */
function callTypes(node: WeightNode, model: ModelContext): string[] {
  const calls = node.calls.filter((call) => hasWeights(model.functionOf(call.function)));
  const types = (list: typeof calls) => [...new Set(list.map((call) => model.weightsTypeOf(call.function)))];
  const always = types(calls.filter((call) => !isConditional(node, call)));
  const chosen = types(calls.filter((call) => isConditional(node, call)));
  if (chosen.length === 0) return always;
  return [...always, chosen.length === 1 && always.length === 0 ? (chosen[0] ?? '') : `(${chosen.join(' | ')})`];
}

/** `[width]`, or `weight [width, width], bias [width]`. */
function describe(node: WeightNode): string | undefined {
  const own = shapeOf(node);
  if (own !== undefined) return own;
  if (node.children.size === 0) return undefined;
  const parts = [...node.children].map(([label, child]) => {
    const shape = shapeOf(child);
    return shape === undefined ? undefined : `${commentText(label)} ${shape}`;
  });
  return parts.every((part) => part !== undefined) ? parts.join(', ') : undefined;
}

function shapeOf({ weights: [weight] }: WeightNode): string | undefined {
  return weight && `\`${commentText(spelledShape(weight.shape))}\``;
}

export interface DeclarationFunction {
  readonly parameters: readonly { readonly name: string; readonly type: string }[];
  readonly body: string;
}

/** The function that says which weights a block has: `{ q: { weight: weight([…], normal(0, 0.02)) } }`. */
export function weightDeclaration(fn: GraphFunction, model: ModelContext): DeclarationFunction {
  const context = new FunctionContext(model, fn);
  const config = context.names.declare('config');
  const scalars = fn.scalars.map(({ name, type }) => ({ name: context.bind(name), type }));
  const declared = new Declarations(context, config).object(model.treeOf(fn.name));
  const constants: Statement[] = [];
  for (const { name, value } of context.usedConstants()) {
    constants.unshift({ kind: 'const', target: context.local(name), code: scalar(value, context) });
  }
  const destructured = context.destructured();
  const head: Statement[] = destructured === undefined ? [] : [{ kind: 'const', target: destructured, code: config }];
  const result: Statement = { kind: 'line', code: ['return ', declared] };
  return {
    parameters: [{ name: config, type: model.configType }, ...scalars],
    body: printed([...head, ...constants, result]),
  };
}

class Declarations {
  readonly #context: FunctionContext;
  readonly #config: string;

  constructor(context: FunctionContext, config: string) {
    this.#context = context;
    this.#config = config;
  }

  object(node: WeightNode): Code {
    if (node.weights.length > 0) return this.#chosen(node.weights.map((each) => [each.when, this.#weight(each)]));
    if (node.element) return this.#copies(node.element);
    if (node.copies.length > 0) return listOf(node.copies.map((copy) => this.object(copy)));
    const parts = this.#calls(node);
    const own = [...node.children].map(([label, child]): Code => {
      const made: Code = [`${propertyName(label)}: `, this.#named(child)];
      if (child.when === undefined) return made;
      return ['...', `(${this.#scalar(child.when)} ? `, group('{', [made], '}', true), ' : {})'];
    });
    if (parts.length === 1 && own.length === 0) return parts[0] ?? '';
    return group('{', [...parts.map((part): Code => ['...', part]), ...own], '}', true);
  }

  #named(node: WeightNode): Code {
    if (node.was === undefined) return this.object(node);
    return callOf(this.#context.model.imports.value('renamed'), [stringLiteral(node.was), this.object(node)]);
  }

  #calls(node: WeightNode): Code[] {
    const { model } = this.#context;
    const calls = node.calls.filter((call) => hasWeights(model.functionOf(call.function)));
    const made = (call: ScopeDeclaration): Code => {
      const { scalars } = model.functionOf(call.function);
      const given = scalars.map(({ name }) => this.#scalar(call.scalars[name] ?? 0));
      return callOf(model.declareNameOf(call.function), [this.#config, ...given]);
    };
    const always = calls.filter((call) => !isConditional(node, call)).map(made);
    const chosen = calls.filter((call) => isConditional(node, call));
    if (chosen.length === 0) return always;
    return [
      ...always,
      [
        '(',
        this.#chosen(
          chosen.map((call) => [call.when, made(call)]),
          '({} as never)',
        ),
        ')',
      ],
    ];
  }

  /** What a choice in the spec decides: `a ? … : …`. The last one stands for the rest where that is all there is. */
  #chosen(alternatives: readonly (readonly [Expression | undefined, Code])[], otherwise?: string): Code {
    const [first, ...rest] = alternatives;
    if (!first) return otherwise ?? '{}';
    const [when, code] = first;
    if (when === undefined || (rest.length === 0 && otherwise === undefined)) return code;
    return [`${this.#scalar(when)} ? `, code, ' : ', this.#chosen(rest, otherwise)];
  }

  #copies({ node, loop }: NonNullable<WeightNode['element']>): Code {
    const times = this.#context.model.imports.value('times');
    const count = this.#scalar(loop.count);
    const index = this.#context.bind(loop.index);
    const copy = parenthesized(this.object(node));
    return callOf(times, [count, [this.#context.isUsed(loop.index) ? `(${index}) => ` : '() => ', copy]]);
  }

  #weight({ shape, initializer, trained }: WeightDeclaration): Code {
    const items: Code[] = [listOf(shape.map((size) => this.#scalar(size))), this.#initializer(initializer)];
    if (!trained) items.push('{ trained: false }');
    return callOf(this.#context.model.imports.value('weight'), items);
  }

  #initializer(initializer: Initializer): Code {
    const { kind, ...values } = initializer;
    const call = this.#context.model.imports.value(camelCase(kind));
    return callOf(
      call,
      Object.values(values).map((value: Expression) => this.#scalar(value)),
    );
  }

  #scalar = (expression: Expression): string => scalar(expression, this.#context);
}

/** An object literal behind `=>` needs parentheses. */
const parenthesized = (code: Code): Code =>
  typeof code !== 'string' && 'open' in code && code.open === '{' ? ['(', code, ')'] : code;
