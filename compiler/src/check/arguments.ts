import type { Argument, Block, Parameter, Expression as Syntax } from '@tfm-lang/grammar';
import { walk } from '../algebra/walk.js';
import { nearestOf } from '../source/suggest.js';
import { atSpan, type Context } from './context.js';
import { evaluate } from './expressions.js';
import { instance } from './stages.js';
import { type At, failed, type Site, type Value } from './values.js';

/** Arguments as written, with the names that their expressions see. */
export interface Given {
  readonly bound: ReadonlyMap<Parameter, Argument>;
  readonly context: Context;
}

/** Arguments are evaluated inside the call (weights made in them belong to it) with the names of the caller. */
export function bindArguments(declaration: Block, given: Given, context: Context): boolean {
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
  const passed =
    context.file.library && syntax.kind === 'name' ? context.environment.find(syntax.name)?.source : undefined;
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
  return {
    ...site,
    context: { ...site.context, home: site.context.home.enter(site.context.home.free(name)) },
    inPlace: true,
  };
}

/** Which argument belongs to which parameter, positional ones first; `undefined` after a reported mistake. */
export function matchArguments(
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
        fix: nearestOf(
          name,
          parameters.map((p) => p.name.name),
          'it takes',
        ),
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
