import type { Block, Fn, Mask, Score, Statement } from '@tfm-lang/grammar';
import type { Context } from './context.js';
import { Environment } from './environment.js';
import { evaluate } from './expressions.js';
import { bodyValue } from './formulas.js';
import { type FunctionValue, failed, type Value } from './values.js';

/** The value of a `block`, `fn`, `mask` or `score`: a closure over the names around it. */
export function declarationValue(declaration: Block | Fn | Mask | Score, context: Context): Value {
  const { file, environment } = context;
  switch (declaration.kind) {
    case 'block':
      return { kind: 'block', declaration, file, environment };
    case 'fn':
      return fnValue(declaration, context);
    case 'mask':
    case 'score':
      return { kind: 'template', declaration, file, environment };
  }
}

/** Declares it where it stands; false for statements of another kind. */
export function declareLocal(statement: Statement, context: Context): boolean {
  switch (statement.kind) {
    case 'block':
    case 'fn':
    case 'mask':
    case 'score':
      declare(statement, context);
      return true;
    default:
      return false;
  }
}

function declare(declaration: Block | Fn | Mask | Score, context: Context): void {
  const { name } = declaration;
  context.environment.define(name.name, declarationValue(declaration, context), name.span);
}

function fnValue(declaration: Fn, context: Context): FunctionValue {
  const { span } = declaration;
  return {
    kind: 'function',
    name: declaration.name.name,
    text: context.file.text.slice(span.start, span.end).replace(/\s+/g, ' '),
    parameters: declaration.parameters.map((p) => p.name.name),
    declaration,
    bound: new Map(),
    complete: (given, caller) =>
      withDefaults(declaration, given, {
        ...context,
        checker: caller.checker,
        builder: caller.builder,
        home: caller.home,
      }),
    call: (given, caller, at) => {
      const environment = new Environment(context.environment);
      const inner = { ...context, environment, checker: caller.checker, builder: caller.builder, home: caller.home };
      for (const { name } of declaration.parameters) environment.define(name.name, given.get(name.name) ?? failed);
      return caller.checker.insideOf(declaration, at, () => bodyValue(declaration.body, inner));
    },
  };
}

/** A default may use the parameters before it. */
function withDefaults(declaration: Fn, given: ReadonlyMap<string, Value>, context: Context): Map<string, Value> {
  const all = new Map(given);
  const environment = new Environment(context.environment);
  for (const { name, default: initial } of declaration.parameters) {
    if (initial && !all.has(name.name)) all.set(name.name, evaluate(initial, { ...context, environment }));
    const value = all.get(name.name);
    if (value) environment.define(name.name, value);
  }
  return all;
}
