import type { Argument, Block, Body, Statement } from '@tfm-lang/grammar';
import { local } from '../algebra/construct.js';
import type { Expression, GraphFunction, ScopeDeclaration } from '../graph/graph.js';
import { bindArguments, type Given, matchArguments } from './arguments.js';
import { FunctionBuilder } from './builder.js';
import { atSpan, type Context } from './context.js';
import { declareLocal } from './declarations.js';
import { Environment } from './environment.js';
import { bindLet, evaluate } from './expressions.js';
import { Home, pathKey } from './home.js';
import { enterLabel, operatorAnd, renamed, tensor } from './nodes.js';
import { applyTo } from './stages.js';
import { bindStream } from './streams.js';
import {
  type At,
  type BlockValue,
  describe,
  failed,
  type Site,
  type StageValue,
  type TensorValue,
  type Value,
} from './values.js';

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
function snakeCase(name: string): string {
  return name.replace(/(?<=[a-z0-9])([A-Z])/g, '_$1').toLowerCase();
}

/** One use of a block: its own function of the graph, or the one that an equal use made before. */
function applyBlock(block: BlockValue, given: Given, input: TensorValue, site: Site): Value {
  const { declaration } = block;
  const { checker, builder: caller } = site.context;
  const home = enterLabel(site, snakeCase(declaration.name.name));
  const builder = new FunctionBuilder(declaration.name.name, declaration, caller);
  const environment = new Environment(block.environment);
  const context: Context = { checker, file: block.file, environment, builder, home: Home.of(builder) };
  const before = checker.diagnostics.length;
  checker.calls.push(site.at);
  const result = checker.insideOf(declaration, site.at, () => walkBlock(declaration, given, input, context));
  checker.calls.pop();
  if (result.kind !== 'tensor') {
    if (result.kind !== 'error')
      checker.report('block_result', site.at, { name: declaration.name.name, found: describe(result) });
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
  const x: TensorValue = {
    ...tensor(context, id, input.type, input.at, input.segments),
    constant: input.constant === true,
  };
  environment.define('self', x);
  if (stream?.name) environment.define(stream.name.name, x, stream.name.span);
  if (stream?.type && !bindStream(stream, input, context)) return failed;
  if (!bindArguments(declaration, given, context)) return failed;
  if (declaration.body.kind === 'body') return runBody(declaration.body, context);
  return applyTo(x, declaration.body, context, true);
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
    builder.finish(
      [result_],
      scalars.map((name) => ({ name, type: 'number' as const })),
      place,
      declaration?.documentation?.text,
    ),
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
