import type { Argument, Call } from '@tfm-lang/grammar';
import { isFormula } from '../algebra/walk.js';
import { nearestOf } from '../source/suggest.js';
import { sourceOf } from './arguments.js';
import { blockStage } from './blocks.js';
import { type Braced, type Builtin, type Given, Use } from './builtins/builtin.js';
import { atSpan, type Context } from './context.js';
import { evaluate, type Label } from './expressions.js';
import { instantiate } from './formulas.js';
import { callFunction } from './functions.js';
import { applyTo } from './stages.js';
import {
  type At,
  describe,
  type FormulaTemplate,
  type FunctionValue,
  failed,
  type StageValue,
  type Value,
} from './values.js';

/** `callee(arguments)`: a stage with its arguments, a function of numbers or values, a mask or score. */
export function call(expression: Call, context: Context, label: Label): Value {
  const callee = evaluate(expression.callee, context);
  const at = atSpan(context, expression.span);
  if (!namedLast(expression.arguments, context)) return failed;
  const takesStage = callee.kind === 'error' || (callee.kind === 'builtin' && callee.builtin.braces === true);
  if (expression.trailing && !takesStage && !(callee.kind === 'builtin' && callee.builtin.later)) {
    context.checker.report('not_yet_supported', at, { construct: `a stage in braces after ${describe(callee)}` });
    return failed;
  }
  switch (callee.kind) {
    case 'error':
      return failed;
    case 'block':
      return blockStage(callee, expression.arguments, context, at);
    case 'builtin':
      return callBuiltin(callee.builtin, expression, context, label);
    case 'function':
      return callWith(callee, expression.arguments, context, at);
    case 'template':
      return templateWith(callee, expression.arguments, context, at);
    default:
      context.checker.report('not_callable', atSpan(context, expression.callee.span), { found: describe(callee) });
      return failed;
  }
}

/** An argument without a name has its place: before those with names. */
function namedLast(given: readonly Argument[], context: Context): boolean {
  const named = given.findIndex((a) => a.name);
  const late = given.find((a, i) => named >= 0 && i > named && !a.name);
  if (!late) return true;
  const name = given[named]?.name?.name ?? '';
  context.checker.report('positional_after_named', atSpan(context, late.span), { name });
  return false;
}

// --------------------------------------------------------------------------------------- functions and masks

/** All parameters given: the value. All but the first: a stage that acts on what flows into it. */
function callWith(fn: FunctionValue, given: readonly Argument[], context: Context, at: At): Value {
  const defaults = new Set((fn.declaration?.parameters ?? []).filter((p) => p.default).map((p) => p.name.name));
  const required = fn.parameters.filter((p) => !defaults.has(p) && !fn.bound.has(p));
  const positional = given.filter((a) => !a.name).length;
  const names = new Set(given.flatMap((a) => (a.name ? [a.name.name] : [])));
  const missing = required.filter((p) => fn.parameters.indexOf(p) >= positional && !names.has(p));
  const [first] = fn.parameters;
  const asStage = missing.length > 0 && first !== undefined && !names.has(first);
  const bound = bind(fn.name, asStage ? fn.parameters.slice(1) : fn.parameters, given, context, at);
  if (!bound) return failed;
  const all = new Map([...fn.bound, ...bound]);
  const open = fn.parameters.filter((p) => !all.has(p) && !defaults.has(p));
  if (asStage && open.length === 1) return { ...fn, bound: withDefaults(fn, all, context) };
  const [lacking] = open;
  if (lacking === undefined) return callFunction(fn, withDefaults(fn, all, context), context, at);
  context.checker.report('missing_argument', at, { callee: fn.name, name: lacking });
  return failed;
}

/** Defaults are read with the names of the definition, not of the call. */
function withDefaults(
  fn: FunctionValue,
  bound: ReadonlyMap<string, Value>,
  context: Context,
): ReadonlyMap<string, Value> {
  return fn.complete?.(bound, context) ?? bound;
}

function templateWith(template: FormulaTemplate, given: readonly Argument[], context: Context, at: At): Value {
  const { declaration } = template;
  const names = declaration.parameters.map((p) => p.name.name);
  const bound = bind(declaration.name.name, names, given, context, at);
  if (!bound) return failed;
  for (const p of declaration.parameters) {
    if (bound.has(p.name.name)) continue;
    if (!p.default) {
      context.checker.report('missing_argument', at, { callee: declaration.name.name, name: p.name.name });
      return failed;
    }
    bound.set(p.name.name, evaluate(p.default, { ...context, file: template.file, environment: template.environment }));
  }
  return declaration.kind === 'mask' ? instantiate(template, bound, 'mask') : instantiate(template, bound, 'score');
}

/** Argument values by parameter name; `undefined` after a reported mistake. */
function bind(
  callee: string,
  names: readonly string[],
  given: readonly Argument[],
  context: Context,
  at: At,
): Map<string, Value> | undefined {
  const { checker } = context;
  const bound = new Map<string, Value>();
  let position = 0;
  for (const argument of given) {
    const name = argument.name?.name ?? names[position++];
    const place = argument.name ? atSpan(context, argument.name.span) : at;
    if (name === undefined) {
      checker.report('too_many_arguments', atSpan(context, argument.span), {
        callee,
        most: names.length,
        found: given.length,
      });
      return undefined;
    }
    if (!names.includes(name)) {
      checker.report('unknown_argument', place, { callee, name, fix: nearestOf(name, names, 'it takes') });
      return undefined;
    }
    if (bound.has(name)) {
      checker.report('argument_twice', place, { name });
      return undefined;
    }
    const value = evaluate(argument.value, context);
    if (value.kind === 'error') return undefined;
    bound.set(name, value);
  }
  return bound;
}

// -------------------------------------------------------------------------------------------------- builtins

/** A builtin named without arguments: `relu`, `layer_norm`. */
export function builtinStage(builtin: Builtin, at: At): StageValue | undefined {
  if (builtin.operands === 0) return undefined;
  return stageOf(builtin, new Map(), [], at);
}

function callBuiltin(builtin: Builtin, expression: Call, context: Context, label: Label): Value {
  const at = atSpan(context, expression.span);
  if (builtin.later) {
    context.checker.report('not_yet_supported', at, { construct: builtin.later });
    return failed;
  }
  const sorted = sortArguments(builtin, expression.arguments, context);
  if (!sorted) return builtin.preserves ? unchanged(builtin.name) : failed;
  const { operands, places, given, rest } = sorted;
  const { trailing } = expression;
  const braced: Braced | undefined =
    trailing && ((input, { builder, home }) => applyTo(input, trailing, { ...context, builder, home }, true));
  if (operands.length > 0 || builtin.operands === 0) {
    return builtin.run(new Use(builtin, { context, at, ...label }, operands, given, rest, places, braced));
  }
  return stageOf(builtin, given, rest, at, braced);
}

/** What a stage with mistakes does where it is known that it keeps the shape of its stream. */
function unchanged(name: string): StageValue {
  return { kind: 'stage', name, apply: (input) => input };
}

function stageOf(
  builtin: Builtin,
  given: ReadonlyMap<string, Given>,
  rest: readonly Given[],
  at: At,
  braced?: Braced,
): StageValue {
  return {
    kind: 'stage',
    name: builtin.name,
    apply: (input, site) => {
      const value = builtin.run(new Use(builtin, { ...site, at }, [input], given, rest, [], braced));
      return value.kind === 'error' && builtin.preserves ? input : value;
    },
    ...(builtin.table && {
      table: (site) => builtin.table?.(new Use(builtin, { ...site, at }, [], given, rest)),
    }),
  };
}

interface Sorted {
  readonly operands: readonly (Value | null)[];
  readonly places: readonly At[];
  readonly given: ReadonlyMap<string, Given>;
  readonly rest: readonly Given[];
}

/** Leading positional values are operands; what follows are the parameters, in order or by name. */
function sortArguments(builtin: Builtin, given: readonly Argument[], context: Context): Sorted | undefined {
  const operands: (Value | null)[] = [];
  const places: At[] = [];
  const parameters = new Map<string, Given>();
  const rest: Given[] = [];
  let position = 0;
  const unnamed = builtin.parameters.filter((p) => !p.named).length;
  const spare = given.filter((a) => !a.name).length - unnamed;
  for (const argument of given) {
    const value = wordOf(builtin, argument, context) ?? evaluate(argument.value, context);
    if (value.kind === 'error') return undefined;
    const place = sourceOf(argument.value, context);
    if (!argument.name) {
      const isOperand =
        builtin.streamOnly !== true && operands.length < builtin.operands && position === 0 && rest.length === 0;
      if (isOperand && canBeOperand(builtin, value, spare - operands.length)) {
        operands.push(value.kind === 'none' ? null : value);
        places.push(place);
        continue;
      }
      if (builtin.rest !== undefined) {
        rest.push({ value, at: place });
        continue;
      }
    }
    const name = argument.name?.name ?? builtin.parameters.filter((p) => !p.named)[position++]?.name;
    if (!accept(builtin, name, argument, given, parameters, context)) return undefined;
    if (name !== undefined) parameters.set(name, { value, at: place });
  }
  return { operands, places, given: parameters, rest };
}

/** `axis: features` is the word, whatever else here is called `features`. */
function wordOf(builtin: Builtin, argument: Argument, { environment }: Context): Value | undefined {
  const words = builtin.parameters.find((p) => p.name === argument.name?.name)?.words;
  if (argument.value.kind !== 'name' || !words) return undefined;
  const { name } = argument.value;
  return words.includes(name) || !environment.find(name) ? { kind: 'word', word: name } : undefined;
}

/** `spare`: positional arguments left when every parameter has one: `clamp(-1, 1)` is a stage, `clamp(x, -1, 1)` is not. */
function canBeOperand(builtin: Builtin, value: Value, spare: number): boolean {
  if (value.kind === 'tensor') return true;
  if (value.kind === 'none') return builtin.optionalOperands === true;
  // Functions of numbers: `floor(a / b)`, `max(a, b)`, `dot(v, query)`.
  if (builtin.numeric !== true || value.kind !== 'scalar') return false;
  return spare > 0 || value.vector === true || isFormula(value.expression);
}

function accept(
  builtin: Builtin,
  name: string | undefined,
  argument: Argument,
  given: readonly Argument[],
  parameters: ReadonlyMap<string, Given>,
  context: Context,
): boolean {
  const { checker } = context;
  const names = builtin.parameters.map((p) => p.name);
  const callee = builtin.name;
  const place = argument.name ? atSpan(context, argument.name.span) : atSpan(context, argument.span);
  if (name === undefined) {
    const most = builtin.parameters.filter((p) => !p.named).length;
    checker.report('too_many_arguments', place, { callee, most, found: given.filter((a) => !a.name).length });
    return false;
  }
  if (!names.includes(name)) {
    checker.report('unknown_argument', place, { callee, name, fix: nearestOf(name, names, 'it takes') });
    return false;
  }
  if (parameters.has(name)) {
    checker.report('argument_twice', place, { name });
    return false;
  }
  return true;
}
