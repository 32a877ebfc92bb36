import type { Block, Fn, Mask, Parameter, Score, Statement } from '@tfm-lang/grammar';
import { atSpan, type Context } from './context.js';
import { Environment } from './environment.js';
import { evaluate } from './expressions.js';
import { bodyValue } from './formulas.js';
import { failed, type FunctionValue, type Value } from './values.js';

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
  const value = declarationValue(declaration, context);
  const earlier = context.environment.define(name.name, value, 'declaration', name.span);
  if (!earlier) return;
  const notes = earlier.span ? [{ at: atSpan(context, earlier.span), text: 'first defined here' }] : [];
  context.checker.report('duplicate_name', atSpan(context, name.span), { name: name.name }, notes);
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
    call: (given, caller) => {
      const environment = new Environment(context.environment);
      const inner = { ...context, environment, checker: caller.checker, builder: caller.builder, home: caller.home };
      for (const parameter of declaration.parameters) {
        environment.define(parameter.name.name, given.get(parameter.name.name) ?? defaultOf(parameter, inner), 'local');
      }
      return bodyValue(declaration.body, inner);
    },
  };
}

export function defaultOf(parameter: Parameter, context: Context): Value {
  return parameter.default ? evaluate(parameter.default, context) : failed;
}
