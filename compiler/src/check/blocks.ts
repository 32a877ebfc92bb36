import type {
  Argument,
  Block,
  Body,
  Dimension,
  Name,
  Parameter,
  Statement,
  Stream,
  Expression as Syntax,
} from '@tfm-lang/grammar';
import { local } from '../algebra/construct.js';
import { type Constraint, solve } from '../algebra/solve.js';
import { walk } from '../algebra/walk.js';
import type { Expression, GraphFunction, ScopeDeclaration } from '../graph/graph.js';
import { nearestOf } from '../source/suggest.js';
import { FunctionBuilder } from './builder.js';
import { atSpan, type Context } from './context.js';
import { declareLocal } from './declarations.js';
import { type Binding, Environment } from './environment.js';
import { bindLet, evaluate } from './expressions.js';
import { Home, pathKey } from './home.js';
import { enterLabel, operatorAnd, renamed, tensor } from './nodes.js';
import { agree, showType } from './sizes.js';
import { applyTo, instance } from './stages.js';
import {
  type At,
  type BlockValue,
  describe,
  failed,
  type Site,
  type StageValue,
  scalar,
  type TensorValue,
  type Value,
} from './values.js';

/** Arguments as written, with the names that their expressions see. */
interface Given {
  readonly bound: ReadonlyMap<Parameter, Argument>;
  readonly context: Context;
}

export function blockStage(block: BlockValue, given: readonly Argument[], context: Context, at: At): StageValue {
  const { name, parameters } = block.declaration;
  const bound = matchArguments(parameters, { arguments: given, context }, name.name, at);
  return {
    kind: 'stage',
    name: name.name,
    apply: (input, site) => (bound ? applyBlock(block, { bound, context }, input, { ...site, at }) : failed),
  };
}

/** `FeedForward` → `feed_forward`: the scope of an unlabelled call. */
export function snakeCase(name: string): string {
  return name.replace(/(?<=[a-z0-9])([A-Z])/g, '_$1').toLowerCase();
}

/** One use of a block: its own function of the graph, or the one that an equal use made before. */
function applyBlock(block: BlockValue, given: Given, input: TensorValue, site: Site): Value {
  const { declaration } = block;
  const { checker, builder: caller } = site.context;
  if (!checker.counted(checker.limits.block())) return failed;
  const home = enterLabel(site, snakeCase(declaration.name.name));
  const builder = new FunctionBuilder(declaration.name.name, declaration, caller);
  const environment = new Environment(block.environment);
  const context: Context = { checker, file: block.file, environment, builder, home: Home.of(builder) };
  const before = checker.diagnostics.length;
  checker.calls.push(site.at);
  const result = checker.insideOf(declaration, site.at, () => walkBlock(declaration, given, input, context));
  checker.calls.pop();
  if (result.kind !== 'tensor') {
    if (result.kind !== 'error') checker.report('block_result', site.at, { name: declaration.name.name, found: describe(result) });
    return failed;
  }
  if (checker.failedSince(before)) return recovered(result, site);
  return addCall(builder, result, input, { ...site, context: { ...site.context, home } }, context);
}

/** What a block with mistakes gives: of the shape that it should have. */
function recovered(result: TensorValue, { context, at }: Site): TensorValue {
  return { ...tensor(context, context.builder.id('failed'), result.type, at, result.segments) };
}

function walkBlock(declaration: Block, given: Given, input: TensorValue, context: Context): Value {
  const { builder, environment } = context;
  const stream = declaration.stream;
  const id = builder.parameter(stream?.name?.name ?? 'x', input.type);
  const x: TensorValue = { ...tensor(context, id, input.type, input.at, input.segments), constant: input.constant === true };
  environment.define('self', x);
  if (stream?.name) environment.define(stream.name.name, x, stream.name.span);
  if (stream?.type && !bindStream(stream, input, context)) return failed;
  if (!bindArguments(declaration, given, context)) return failed;
  if (declaration.body.kind === 'body') return runBody(declaration.body, context);
  return applyTo(x, declaration.body, context, true);
}

/** `from x: float[.., width]`: names that mean nothing yet are bound to the stream's sizes, the others must agree. */
function bindStream(stream: Stream, input: TensorValue, context: Context): boolean {
  const { type } = stream;
  if (!type) return true;
  const { checker, environment } = context;
  const at = atSpan(context, type.span);
  const sizes = input.type.shape;
  const wanted = type.dimensions;
  if (type.open ? sizes.length < wanted.length : sizes.length !== wanted.length) {
    const expected = `${type.open ? 'at least ' : ''}${wanted.length}`;
    checker.report('stream_rank', checker.calls.at(-1) ?? at, { expected, found: showType(checker, input.type) }, [
      { at, text: 'declared here' },
    ]);
    return false;
  }
  const tail = sizes.slice(sizes.length - wanted.length);
  const unknowns = new Map<string, Binding>();
  for (const part of wanted.flatMap((d) => namesIn(d.size))) {
    if (environment.find(part.name)) continue;
    environment.define(part.name, scalar(local(`?${part.name}`)), part.span);
    const binding = environment.find(part.name);
    if (binding) unknowns.set(`?${part.name}`, binding);
  }
  const constraints = wanted.flatMap((dimension, i): Constraint<Dimension>[] => {
    const value = evaluate(dimension.size, context);
    return value.kind === 'scalar' ? [{ left: value.expression, right: tail[i] ?? 0, origin: dimension }] : [];
  });
  return constraints.length === wanted.length && solveStream(constraints, unknowns, context);
}

/** All sizes of the stream are known before the first name is solved for. */
function solveStream(
  constraints: readonly Constraint<Dimension>[],
  unknowns: ReadonlyMap<string, Binding>,
  context: Context,
): boolean {
  const { checker } = context;
  const solution = solve(constraints, [...unknowns.keys()]);
  for (const [name, binding] of unknowns) {
    binding.value = scalar(solution.bindings.get(name)?.value ?? 0);
    if (solution.bindings.has(name)) continue;
    checker.report('unbound_dimension', atSpan(context, binding.span ?? { start: 0, end: 0 }), { name: binding.name });
  }
  let fine = solution.unbound.length === 0;
  for (const { left, right, constraint, against } of solution.contradictions) {
    const at = atSpan(context, constraint.origin.span);
    const call = checker.calls.at(-1) ?? at;
    if (agree(checker, left, right, call)) continue;
    fine = false;
    const [first, second] = [checker.showSize(left), checker.showSize(right)];
    const binding = against.find((b) => `?${b.name.slice(1)}` === printed(constraint.left));
    if (!binding) {
      checker.report('stream_size', call, { expected: first, found: second }, [{ at, text: 'declared here' }]);
      continue;
    }
    checker.report('dimension_bound_twice', call, { name: binding.name.slice(1), first, second }, [
      { at: atSpan(context, binding.origin.span), text: `this is ${first}` },
      { at, text: `this is ${second}` },
    ]);
  }
  return fine;
}

const printed = (size: Expression): string => (typeof size === 'object' && size.kind === 'local' ? size.name : '');

function namesIn(size: Syntax): readonly Name[] {
  switch (size.kind) {
    case 'name':
      return [size];
    case 'binary':
      return [...namesIn(size.left), ...namesIn(size.right)];
    case 'unary':
      return namesIn(size.operand);
    case 'parenthesized':
      return size.items.flatMap(namesIn);
    default:
      return [];
  }
}

/** Arguments are evaluated inside the call (weights made in them belong to it) with the names of the caller. */
function bindArguments(declaration: Block, given: Given, context: Context): boolean {
  const { environment } = context;
  const outer: Context = { ...given.context, builder: context.builder, home: context.home };
  let fine = true;
  for (const parameter of declaration.parameters) {
    const argument = given.bound.get(parameter);
    const value = argument
      ? evaluate(argument.value, outer)
      : parameter.default
        ? evaluate(parameter.default, context)
        : failed;
    if (value.kind === 'error') fine = false;
    const source = argument && sourceOf(argument.value, outer);
    const named = asNamedStage(value, parameter.name.name, outer, source);
    environment.define(parameter.name.name, named, parameter.name.span, source);
    nameConstant(named, parameter.name.name, context);
  }
  return fine;
}

/** Where a value was written: in a library, an argument that only passes the user's on is the user's. */
export function sourceOf(syntax: Syntax, context: Context): At {
  const passed = context.file.library && syntax.kind === 'name' ? context.environment.find(syntax.name)?.source : undefined;
  return passed ?? atSpan(context, syntax.span);
}

/** A size with a name of its own (`d_k = width / heads`) keeps it in generated code. */
function nameConstant(value: Value, name: string, context: Context): void {
  if (value.kind !== 'scalar' || typeof value.expression !== 'object' || value.expression.kind !== 'operator') return;
  for (const part of walk(value.expression)) if (typeof part === 'object' && part.kind === 'lookup') return;
  context.builder.constants.push({ name, value: value.expression });
}

/** A stage given as an argument lives under the parameter's name: `attention.query.weight`. */
function asNamedStage(value: Value, name: string, context: Context, at: At | undefined): Value {
  if (value.kind !== 'stage' && value.kind !== 'block' && value.kind !== 'builtin') return value;
  const stage = instance.toStage(value, context, at ?? atSpan(context, { start: 0, end: 0 }));
  if (!stage) return value;
  return {
    ...stage,
    apply: (input, site) => stage.apply(input, site.label === undefined && !site.inPlace ? free(site, name) : site),
  };
}

function free(site: Site, name: string): Site {
  return { ...site, context: { ...site.context, home: site.context.home.enter(site.context.home.free(name)) }, inPlace: true };
}

/** Which argument belongs to which parameter, positional ones first; `undefined` after a reported mistake. */
function matchArguments(
  parameters: readonly Parameter[],
  given: { readonly arguments: readonly Argument[]; readonly context: Context },
  callee: string,
  at: At,
): Map<Parameter, Argument> | undefined {
  const { checker } = given.context;
  const bound = new Map<Parameter, Argument>();
  const positional = given.arguments.filter((a) => !a.name);
  const extra = positional[parameters.length];
  if (extra) {
    checker.report('too_many_arguments', atSpan(given.context, extra.span), {
      callee,
      most: parameters.length,
      found: positional.length,
    });
    return undefined;
  }
  positional.forEach((argument, i) => {
    const parameter = parameters[i];
    if (parameter) bound.set(parameter, argument);
  });
  for (const argument of given.arguments) {
    if (!argument.name) continue;
    const name = argument.name.name;
    const parameter = parameters.find((p) => p.name.name === name);
    if (!parameter) {
      checker.report('unknown_argument', atSpan(given.context, argument.name.span), {
        callee,
        name,
        fix: nearestOf(name, parameters.map((p) => p.name.name), 'it takes'),
      });
      return undefined;
    }
    if (bound.has(parameter)) {
      checker.report('argument_twice', atSpan(given.context, argument.name.span), { name });
      return undefined;
    }
    bound.set(parameter, argument);
  }
  const lacking = parameters.find((p) => !p.default && !bound.has(p));
  if (!lacking) return bound;
  checker.report('missing_argument', at, { callee, name: lacking.name.name });
  return undefined;
}

/** `{ let … return … }`. */
export function runBody(body: Body, context: Context): Value {
  for (const statement of body.statements) runStatement(statement, context);
  return evaluate(body.result, context);
}

export function runStatement(statement: Statement, context: Context): void {
  if (statement.kind === 'let') bindLet(statement, context);
  else if (!declareLocal(statement, context)) {
    const place = statement.kind === 'emit' ? 'scan' : 'model';
    context.checker.report('statement_not_here', atSpan(context, statement.span), { statement: statement.kind, place });
  }
}

function addCall(builder: FunctionBuilder, result: TensorValue, input: TensorValue, site: Site, inner: Context): Value {
  const { context } = site;
  const { checker, home } = context;
  const caller = context.builder;
  const declaration = builder.block;
  const result_ = builder.use(result);
  const place = checker.place({ file: inner.file, span: declaration?.name.span ?? { start: 0, end: 0 } });
  const scalars = freeLocals(builder, result.type.shape);
  const made = checker.intern(
    builder.finish([result_], scalars.map((name) => ({ name, type: 'number' as const })), place, declaration?.documentation?.text),
  );
  const path = home.path(caller);
  if (!path) {
    checker.report('not_yet_supported', site.at, { construct: 'an instance shared from a block with an inner block' });
    return failed;
  }
  const values = Object.fromEntries(scalars.map((name) => [name, local(name)]));
  if (made.weights.length + made.scopes.length > 0) ownScope(site, made, values);
  const id = caller.id(site.label ?? snakeCase(builder.name));
  caller.add({
    kind: 'call',
    function: made.name,
    inputs: [caller.use(input), ...builder.captured.map((c) => caller.use(c.source))],
    scalars: values,
    scope: path,
    outputs: [{ id, type: result.type }],
    ...(site.label !== undefined && { label: site.label }),
    place: checker.place(site.at),
  });
  return { ...tensor(context, id, result.type, site.at, result.segments), constant: result.constant === true };
}

function ownScope(site: Site, made: GraphFunction, scalars: Readonly<Record<string, Expression>>): void {
  const { home } = site.context;
  const key = pathKey(home.segments);
  if (home.declared?.has(key)) return;
  home.declared?.set(key, made.name);
  const [when, ...more] = home.conditions;
  const path = { root: 'function', segments: home.segments } as const;
  const scope: ScopeDeclaration = {
    path,
    function: made.name,
    scalars,
    loops: home.loops,
    ...(when !== undefined && { when: more.reduce<Expression>((a, b) => operatorAnd(a, b), when) }),
    ...(site.was !== undefined && { was: renamed(path, site.was, '') }),
  };
  home.owner.scopes.push(scope);
}

/** Loop indices of callers that the function's body depends on, in order of name. */
function freeLocals(builder: FunctionBuilder, shape: readonly Expression[]): string[] {
  const outer = builder.caller?.indicesInScope() ?? new Set<string>();
  if (outer.size === 0) return [];
  const names = new Set<string>();
  for (const part of [shape, builder.region, builder.weights, builder.scopes, builder.constants]) localsIn(part, names);
  return [...names].filter((name) => outer.has(name)).sort();
}

/** Every `local` below, wherever it stands: the parts of a function have no other objects of this kind. */
function localsIn(part: unknown, names: Set<string>): void {
  if (typeof part !== 'object' || part === null) return;
  if (Array.isArray(part)) {
    for (const item of part) localsIn(item, names);
    return;
  }
  if ('kind' in part && part.kind === 'local' && 'name' in part && typeof part.name === 'string') names.add(part.name);
  for (const child of Object.values(part)) localsIn(child, names);
}
