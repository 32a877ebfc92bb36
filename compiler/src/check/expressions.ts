import type { Identifier, Index, Let, Member, Name, Span, Expression as Syntax } from '@tfm-lang/grammar';
import { index, infinity, list, pi } from '../algebra/construct.js';
import { print } from '../algebra/print.js';
import { isFormula } from '../algebra/walk.js';
import type { Expression } from '../graph/graph.js';
import { nearestOf } from '../source/suggest.js';
import { binary, unary } from './arithmetic.js';
import { builtins } from './builtins/table.js';
import { call } from './calls.js';
import { choice, matchChoice } from './choices.js';
import { atSpan, type Context } from './context.js';
import { causal, lambda } from './formulas.js';
import { element, relabel } from './nodes.js';
import { scan } from './recurrence.js';
import { positionMember } from './segments.js';
import { instance, pipe, repeatStage, residualStage } from './stages.js';
import { type At, describe, failed, type Site, scalar, type Value } from './values.js';

/** A label that the text around an expression gives to what it makes: `… as name`. */
export type Label = Pick<Site, 'label' | 'labelAt' | 'was'>;

/** The value of an expression; every mistake is reported and becomes `error`, which silences what follows from it. */
export function evaluate(expression: Syntax, context: Context, label: Label = {}): Value {
  const { checker } = context;
  if (!checker.counted(checker.limits.step())) return failed;
  switch (expression.kind) {
    case 'number':
      return scalar(expression.value);
    case 'boolean':
      return scalar(expression.value);
    case 'string':
      return { kind: 'text', value: expression.value };
    case 'name':
      return name(expression, context);
    case 'list':
      return listOf(
        expression.items.map((item) => evaluate(item, context)),
        atSpan(context, expression.span),
        context,
      );
    case 'record':
      return {
        kind: 'record',
        fields: new Map(expression.fields.map((f) => [f.name.name, evaluate(f.value, context)])),
      };
    case 'call':
      return call(expression, context, label);
    case 'index':
      return indexed(expression, context);
    case 'member':
      return member(expression, context);
    case 'unary':
      return unary(expression, context);
    case 'binary':
      return binary(expression, context);
    case 'if':
      return choice(expression, context);
    case 'match':
      return matchChoice(expression, context);
    case 'lambda':
      return lambda(expression, context);
    case 'pipe':
      return pipe(expression, context);
    case 'labelled':
      return labelled(expression.value, expression.label, expression.was, context);
    case 'residual':
      return residualStage(expression, context);
    case 'repeat':
      return repeatStage(expression, context);
    case 'scan':
      return scan(expression, context, label);
    case 'parenthesized':
      return parenthesized(expression.items, expression.span, context, label);
    case 'missing':
      return failed;
  }
}

function listOf(items: readonly Value[], at: At, context: Context): Value {
  const scalars = items.flatMap((item) => (item.kind === 'scalar' ? [item.expression] : []));
  if (items.length > 0 && scalars.length === items.length) {
    const made = list(scalars);
    return context.checker.isShort(made, at) ? scalar(made) : failed;
  }
  return items.some((item) => item.kind === 'error') ? failed : { kind: 'list', items };
}

function parenthesized(items: readonly Syntax[], span: Span, context: Context, label: Label): Value {
  const [only] = items;
  if (only !== undefined && items.length === 1) return evaluate(only, context, label);
  context.checker.report('unexpected_tuple', atSpan(context, span), {});
  return failed;
}

function name(expression: Name, context: Context): Value {
  const { checker, environment } = context;
  const bound = environment.find(expression.name);
  if (bound) return bound.value;
  if (context.file.unresolved.has(expression.span.start)) return failed;
  const builtin = builtins.get(expression.name);
  if (builtin) return { kind: 'builtin', builtin };
  switch (expression.name) {
    case 'none':
    case 'identity':
    case 'all':
      return { kind: expression.name };
    case 'causal':
      return causal;
    case 'pi':
      return scalar(pi);
    case 'inf':
      return scalar(infinity);
  }
  // The name is defined, but what reads it (a block that is used above) comes too early.
  checker.report('used_too_early', atSpan(context, expression.span), { name: expression.name });
  return failed;
}

function labelled(value: Syntax, label: Identifier, was: Identifier | undefined, context: Context): Value {
  const given: Label = { label: label.name, labelAt: atSpan(context, label.span), ...(was && { was: was.name }) };
  const result = evaluate(value, context, given);
  if (result.kind === 'error') return failed;
  const stage = asLabelled(result, given, context, value.span);
  if (stage) return stage;
  if (result.kind === 'tensor') return result;
  context.checker.report('label_needs_stage', atSpan(context, label.span), { found: describe(result) });
  return failed;
}

/** A stage that carries its label: the label is a part of every path below it. */
function asLabelled(value: Value, label: Label, context: Context, span: Span): Value | undefined {
  const stage = instance.toStage(value, context, atSpan(context, span));
  if (!stage) return undefined;
  return { ...stage, unlabelled: stage, apply: (input, site) => stage.apply(input, { ...site, ...label }) };
}

function member(expression: Member, context: Context): Value {
  const object = evaluate(expression.object, context);
  const property = expression.property.name;
  const at = atSpan(context, expression.property.span);
  switch (object.kind) {
    case 'error':
      return failed;
    case 'record': {
      const field = object.fields.get(property);
      if (field) return field;
      context.checker.report('unknown_field', at, {
        name: property,
        fix: nearestOf(property, [...object.fields.keys()], 'it has'),
      });
      return failed;
    }
    case 'scalar':
      if (object.position) return positionMember(object, property, context, at);
      // One flag stands for a record of flags: `bias: false` for `bias: {q: false, …}`.
      if (typeof object.expression === 'boolean' || isFlag(object.expression, context)) return object;
      break;
    default:
  }
  context.checker.report('no_such_member', at, { name: property, found: describe(object) });
  return failed;
}

function isFlag(expression: Expression, context: Context): boolean {
  return typeof context.checker.value(expression) === 'boolean';
}

function indexed(expression: Index, context: Context): Value {
  const object = evaluate(expression.object, context);
  const indices = expression.indices.map((i) => evaluate(i, context));
  const at = atSpan(context, expression.span);
  if (object.kind === 'error' || indices.some((i) => i.kind === 'error')) return failed;
  const places = indices.flatMap((i) => (i.kind === 'scalar' ? [i.expression] : []));
  const [first] = places;
  if (places.length < indices.length || first === undefined) {
    context.checker.report('index_not_number', at, {
      found: describe(indices.find((i) => i.kind !== 'scalar') ?? object),
    });
    return failed;
  }
  switch (object.kind) {
    case 'tensor':
      if (!places.some(isFormula)) break;
      return lookup(context, object, places, at);
    case 'copies':
      return element(context, object, first, at);
    case 'tensors':
      return itemOf(object.items, first, context, expression);
    case 'list':
      return itemOf(object.items, first, context, expression);
    case 'scalar':
      return listItem(object.expression, first, context, expression);
    default:
  }
  context.checker.report('cannot_index', at, { found: describe(object) });
  return failed;
}

/** `table[bucket, head]`: a number of a value for each (head, query, key); with one index fewer, a vector. */
function lookup(
  context: Context,
  object: Extract<Value, { kind: 'tensor' }>,
  indices: readonly Expression[],
  at: At,
): Value {
  const rank = object.type.shape.length;
  // A weight has no batch axis; every other value has it first, and it is never written.
  const isWeight = object.constant === true;
  const axes = isWeight ? rank : rank - 1;
  if (indices.length > axes || indices.length < axes - 1) {
    context.checker.report('wrong_index_count', at, { expected: String(axes), found: String(indices.length) });
    return failed;
  }
  const expression: Expression = {
    kind: 'lookup',
    value: context.builder.use(object),
    batched: !isWeight,
    indices,
  };
  return { kind: 'scalar', expression, vector: indices.length < axes };
}

function itemOf(items: readonly Value[], at: Expression, context: Context, expression: Index): Value {
  const item = typeof at === 'number' ? items[at] : undefined;
  if (item) return item;
  context.checker.report('index_out_of_range', atSpan(context, expression.span), {
    index: print(at),
    length: String(items.length),
  });
  return failed;
}

function listItem(object: Expression, at: Expression, context: Context, expression: Index): Value {
  const known = context.checker.value(object);
  if (known !== undefined && !Array.isArray(known)) {
    context.checker.report('cannot_index', atSpan(context, expression.span), { found: 'a number' });
    return failed;
  }
  context.checker.markSize(at);
  const place = context.checker.value(at);
  if (Array.isArray(known) && typeof place === 'number' && known[place] === undefined) {
    context.checker.report('index_out_of_range', atSpan(context, expression.span), {
      index: context.checker.showSize(at),
      length: String(known.length),
    });
    return failed;
  }
  return scalar(index(object, at));
}

/** `let` of any body: a stage becomes one instance, a value is known to `explain` under its name. */
export function bindLet(statement: Let, context: Context): void {
  const [first] = statement.names;
  if (first === undefined) return;
  const many = statement.names.length > 1;
  const bare = statement.value.kind === 'call' && !many;
  const before = weightCount(context);
  const value = evaluate(
    statement.value,
    context,
    bare ? { label: first.name, labelAt: atSpan(context, first.span) } : {},
  );
  for (const name of statement.names) {
    if (value.kind !== 'error' && context.file.unusedLets.has(name.span.start)) {
      const weights = isInstance(value) || (weightCount(context) > before && !many);
      context.checker.report(weights ? 'unused_weight' : 'unused_let', atSpan(context, name.span), { name: name.name });
    }
  }
  if (!many) {
    define(first, bound(value, first, statement, context), context);
    return;
  }
  const parts = value.kind === 'tensors' || value.kind === 'list' ? value.items : undefined;
  if (value.kind !== 'error' && parts?.length !== statement.names.length) {
    context.checker.report('wrong_part_count', atSpan(context, statement.value.span), {
      expected: String(statement.names.length),
      found: parts ? String(parts.length) : describe(value),
    });
  }
  statement.names.forEach((n, i) => {
    define(n, parts?.[i] ?? failed, context);
  });
}

function isInstance(value: Value): boolean {
  return value.kind === 'stage' || value.kind === 'block' || value.kind === 'builtin';
}

function weightCount({ builder }: Context): number {
  return builder.weights.length + builder.scopes.length;
}

function bound(value: Value, name: Identifier, statement: Let, context: Context): Value {
  switch (value.kind) {
    case 'stage':
    case 'block':
    case 'builtin': {
      // A label on the stage itself names the instance: `let ask = linear(width) as q` lives at `q`.
      const label = statement.value.kind === 'labelled' ? statement.value.label : name;
      return instance.make(value, label, context, atSpan(context, statement.value.span));
    }
    case 'tensor':
      return relabel(value, name.name, context);
    case 'scalar':
      if (typeof value.expression === 'object' && value.expression.kind === 'operator' && context.builder.block) {
        context.builder.constants.push({ name: name.name, value: value.expression });
      }
      return value;
    default:
      return value;
  }
}

function define(name: Identifier, value: Value, context: Context): void {
  context.environment.define(name.name, value, name.span);
}
