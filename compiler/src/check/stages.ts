import type { Identifier, Pipe, Repeat, Residual, Expression as Syntax } from '@tfm-lang/grammar';
import { local } from '../algebra/construct.js';
import type { Expression, Node, RepeatNode } from '../graph/graph.js';
import { blockStage } from './blocks.js';
import { closed } from './builder.js';
import { builtinStage } from './calls.js';
import { atSpan, type Context } from './context.js';
import { Environment } from './environment.js';
import { evaluate } from './expressions.js';
import { functionStage, openParameters } from './functions.js';
import { emit, enterLabel, takeLabel, tensor } from './nodes.js';
import { broadcast, checkSize, sameShape, showType } from './sizes.js';
import { type At, describe, failed, type Site, type StageValue, type TensorValue, type Value } from './values.js';

/** A copy of a context at another place of the graph: same names, other function and scope. */
function movedTo(context: Context, site: Site): Context {
  return { ...context, builder: site.context.builder, home: site.context.home };
}

/** A label on something made of several stages is a scope around them. */
function scoped(site: Site): Site {
  if (site.label === undefined) return { context: site.context, at: site.at };
  const home = enterLabel(site, site.label);
  return { context: { ...site.context, home }, at: site.at };
}

/** Whatever can stand behind `->`, as a stage; `undefined` where the value cannot. */
function toStage(value: Value, context: Context, at: At): StageValue | undefined {
  switch (value.kind) {
    case 'stage':
      return value;
    case 'block':
      return blockStage(value, [], context, at);
    case 'builtin':
      return builtinStage(value.builtin, at);
    case 'function':
      return functionStage(value, context);
    case 'identity':
    case 'none':
      return { kind: 'stage', name: value.kind, apply: (input) => input };
    default:
      return undefined;
  }
}

/** One instance: every use of the name shares its weights. */
function make(value: Value, name: Identifier, context: Context, at: At): Value {
  const given = toStage(value, context, at);
  if (!given) return failed;
  const stage = given.unlabelled ?? given;
  if (!context.environment.has(name.name)) takeLabel(context, name.name, atSpan(context, name.span));
  const again = context.home.instance(name.name);
  const inside = (site: Site): Site => ({ context: { ...site.context, home: again() }, at: site.at, inPlace: true });
  return {
    kind: 'stage',
    name: name.name,
    apply: (input, site) => {
      const { checker } = site.context;
      checker.instanceUses.push(site.at);
      const made = checker.nested(site.at, () => stage.apply(input, inside(site)));
      checker.instanceUses.pop();
      return made;
    },
    ...(stage.table && { table: (site: Site) => stage.table?.(inside(site)) }),
  };
}

export const instance = { toStage, make, scoped };

export function pipe(expression: Pipe, context: Context): Value {
  const [first, ...rest] = expression.parts;
  if (!first) return failed;
  const head = evaluate(first, context);
  if (head.kind === 'error' || head.kind === 'tensor' || head.kind === 'tensors') return flow(head, rest, context);
  const start = toStage(head, context, atSpan(context, first.span));
  if (!start) {
    cannotFlow(head, context, atSpan(context, first.span));
    return flow(failed, rest, context);
  }
  return {
    kind: 'stage',
    name: start.name,
    apply: (input, site) => {
      const inner = scoped(site);
      const value = start.apply(input, { context: inner.context, at: atSpan(context, first.span) });
      return flow(value, rest, movedTo(context, inner));
    },
  };
}

/** Feeds a value through the parts of a pipeline, left to right. */
function flow(value: Value, parts: readonly Syntax[], context: Context): Value {
  let stream = value;
  for (const part of parts) {
    if (stream.kind !== 'tensor' && stream.kind !== 'error') {
      context.checker.report('several_values_flow', atSpan(context, part.span), { found: describe(stream) });
      stream = failed;
    }
    // Behind a mistake nothing is known of the stream, but the stages have arguments of their own.
    if (stream.kind === 'tensor') stream = applyTo(stream, part, context);
    else toStage(evaluate(part, context), context, atSpan(context, part.span));
  }
  return stream;
}

export function applyTo(input: TensorValue, part: Syntax, context: Context, inPlace = false): Value {
  return context.checker.nested(atSpan(context, part.span), () => apply(input, part, context, inPlace));
}

function apply(input: TensorValue, part: Syntax, context: Context, inPlace: boolean): Value {
  const value = evaluate(part, context);
  if (value.kind === 'error') return failed;
  const at = atSpan(context, part.span);
  const stage = toStage(value, context, at);
  if (stage) return stage.apply(input, { context, at, inPlace });
  cannotFlow(value, context, at);
  return failed;
}

/** A function that lacks more than its stream says which arguments; everything else is no stage at all. */
function cannotFlow(value: Value, { checker }: Context, at: At): void {
  const [, lacking] = value.kind === 'function' ? openParameters(value) : [];
  if (value.kind === 'function' && lacking !== undefined)
    checker.report('missing_argument', at, { callee: value.name, name: lacking });
  else checker.report('cannot_flow', at, { found: describe(value) });
}

/** x + f(x). */
export function residualStage(expression: Residual, context: Context): StageValue {
  return {
    kind: 'stage',
    name: 'residual',
    apply: (input, site) => {
      const inner = scoped(site);
      const moved = movedTo(context, inner);
      const branch = applyTo(input, expression.body, moved);
      // Whatever the branch should be, the sum has the shape of its input.
      if (branch.kind === 'error') return input;
      const at = atSpan(context, { start: expression.span.start, end: expression.span.start + 'residual'.length });
      if (branch.kind !== 'tensor') {
        context.checker.report('cannot_flow', at, { found: describe(branch) });
        return input;
      }
      return sum(input, branch, moved, at, expression);
    },
  };
}

function sum(input: TensorValue, branch: TensorValue, context: Context, at: At, expression: Residual): Value {
  const { checker } = context;
  const shape = broadcast(checker, input.type, branch.type, at);
  if (!shape || shape.length !== input.type.shape.length) {
    const end = lastPart(expression.body);
    const width = checker.showName(input.type.shape.at(-1));
    checker.report(
      'shapes_do_not_fit',
      at,
      { verb: 'added', fix: width === undefined ? undefined : `end the branch with linear(${width})` },
      [
        { at, text: `input is ${showType(checker, input.type)}` },
        { at: atSpan(context, end.span), text: `output is ${showType(checker, branch.type)}` },
      ],
    );
    return input;
  }
  return emit(context, at, {
    operator: 'add',
    inputs: [input, branch],
    type: { dtype: 'float', shape: input.type.shape },
    segments: input.segments,
  });
}

function lastPart(body: Syntax): Syntax {
  return body.kind === 'pipe' ? (body.parts.at(-1) ?? body) : body;
}

/** n copies with own weights, fed one into the next. */
export function repeatStage(expression: Repeat, context: Context): Value {
  const count = evaluate(expression.count, context);
  const at = atSpan(context, expression.count.span);
  if (count.kind === 'error') return failed;
  if (count.kind !== 'scalar' || typeof count.expression === 'boolean') {
    context.checker.report('wrong_kind', at, { expected: 'a number of copies', found: describe(count) });
    return failed;
  }
  if (!checkSize(context.checker, count.expression, at)) return failed;
  const copies = count.expression;
  return {
    kind: 'stage',
    name: 'repeat',
    apply: (input, site) => {
      if (!context.checker.counted(context.checker.limits.use())) return input;
      const home = enterLabel(site, 'repeat');
      const inner = { ...movedTo(context, site), home };
      return typeof copies === 'number'
        ? literalRepeat(expression, copies, input, inner, site)
        : loop(expression, copies, input, inner, site);
    },
  };
}

const mostCopies = 256;

/** A fixed number of copies may change the shape from copy to copy: then each copy is written out. */
function literalRepeat(expression: Repeat, copies: number, input: TensorValue, context: Context, site: Site): Value {
  const { builder, checker, home } = context;
  const before = {
    snapshot: builder.snapshot(),
    functions: checker.functions.length,
    diagnostics: checker.diagnostics.length,
    undo: home.mark(),
  };
  const looped = loop(expression, copies, input, context, site);
  if (!checker.failedSince(before.diagnostics)) return looped;
  // More copies than anybody writes out are not written out.
  if (copies > mostCopies) return looped;
  const found = checker.takeSince(before.diagnostics);
  builder.restore(before.snapshot);
  checker.forgetFunctions(before.functions);
  before.undo();
  const items: TensorValue[] = [];
  for (let i = 0; i < copies && checker.counted(checker.limits.use()); i++) {
    const first = builder.region.nodes.length;
    const copy = copyOf(expression, input, items.at(-1), i, context);
    labelCopy(builder, first, home, i);
    if (copy.kind !== 'tensor' || checker.failedSince(before.diagnostics)) {
      // Both ways fail: the mistakes of the loop are the ones to show, unless only the copies' shapes differ.
      if (found.some((d) => d.name !== 'repeat_changes_shape')) {
        checker.takeSince(before.diagnostics);
        checker.diagnostics.push(...found);
      }
      return looped;
    }
    items.push(copy);
  }
  if (site.label !== undefined) context.environment.defineLabel(site.label, { kind: 'tensors', items });
  return items.at(-1) ?? input;
}

/** Labels in a copy that is written out are those of the copy: `stages[0].up`. */
function labelCopy({ region }: Context['builder'], first: number, home: Context['home'], i: number): void {
  const label = home.segments.at(-1);
  prefixLabels(region.nodes.slice(first), `${typeof label === 'string' ? label : ''}[${i}]`);
  region.labels = new Set(region.nodes.flatMap((node) => node.label ?? []));
}

function prefixLabels(nodes: readonly Node[], prefix: string): void {
  for (const node of nodes) {
    const named: { -readonly [K in 'label']?: Node[K] } = node;
    if (node.label !== undefined) named.label = `${prefix}${node.label.startsWith('[') ? '' : '.'}${node.label}`;
    // The copies of a loop have a scope, whose label is the loop's own.
    if (node.kind === 'scan') prefixLabels(node.region.nodes, prefix);
    if (node.kind === 'if') for (const arm of [node.then, node.else]) prefixLabels(arm.nodes, prefix);
  }
}

function copyOf(
  expression: Repeat,
  input: TensorValue,
  last: TensorValue | undefined,
  i: number,
  context: Context,
): Value {
  const home = context.home.copy(i);
  const environment = new Environment(context.environment);
  if (expression.index) environment.define(expression.index.name, { kind: 'scalar', expression: i });
  return applyTo(last ?? input, expression.body, { ...context, environment, home }, true);
}

function loop(expression: Repeat, count: Expression, input: TensorValue, context: Context, site: Site): Value {
  const { builder, checker } = context;
  const index = builder.freshIndex(expression.index?.name ?? 'i');
  const environment = new Environment(context.environment);
  if (expression.index) environment.define(expression.index.name, { kind: 'scalar', expression: local(index) });
  const outer = builder.loops;
  builder.loops = [...outer, { index, count }];
  const stream = builder.id('x');
  const entry = {
    ...tensor({ ...context }, stream, input.type, input.at, input.segments),
    ...(input.constant && { constant: true }),
  };
  const { region, result } = builder.inner([stream], () =>
    applyTo(entry, expression.body, { ...context, environment, home: context.home.copy(local(index)) }, true),
  );
  builder.loops = outer;
  // A copy that failed should have given what the next one takes.
  if (result.kind === 'error') return input;
  const at = atSpan(context, expression.span);
  if (result.kind !== 'tensor') {
    checker.report('cannot_flow', atSpan(context, expression.body.span), { found: describe(result) });
    return input;
  }
  if (!sameShape(checker, input.type, result.type, at)) {
    checker.report('repeat_changes_shape', at, {
      input: showType(checker, input.type),
      output: showType(checker, result.type),
    });
    return input;
  }
  return addLoop({ count, index, input, region: closed(region, [builder.use(result)]), result }, context, site);
}

interface LoopParts {
  readonly count: Expression;
  readonly index: string;
  readonly input: TensorValue;
  readonly region: RepeatNode['region'];
  readonly result: TensorValue;
}

function addLoop(parts: LoopParts, context: Context, site: Site): Value {
  const { builder, checker } = context;
  const label = site.label;
  const id = builder.id(label ?? 'repeated');
  const path = context.home.path(builder);
  if (!path) {
    checker.report('not_yet_supported', site.at, { construct: 'an instance shared from a block with an inner block' });
    return failed;
  }
  const type = { dtype: parts.result.type.dtype, shape: parts.input.type.shape };
  const node: { -readonly [K in keyof RepeatNode]: RepeatNode[K] } = {
    kind: 'repeat',
    count: parts.count,
    index: parts.index,
    inputs: [builder.use(parts.input)],
    region: parts.region,
    collects: false,
    scope: path,
    outputs: [{ id, type }],
    ...(label !== undefined && { label }),
    place: checker.place(site.at),
  };
  builder.add(node);
  const constant = parts.input.constant === true && parts.result.constant === true;
  if (label !== undefined) {
    const copies = builder.id(`${label}_copies`);
    const collect = (): void => {
      if (node.collects) return;
      node.collects = true;
      node.outputs = [...node.outputs, { id: copies, type }];
    };
    const value = { kind: 'copies', id: copies, builder, type, count: parts.count, collect } as const;
    context.environment.defineLabel(label, {
      ...value,
      ...(parts.result.segments && { segments: parts.result.segments }),
    });
  }
  return { ...tensor(context, id, type, site.at, parts.result.segments), constant };
}
