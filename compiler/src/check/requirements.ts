import { parse, type Require } from '@tfm-lang/grammar';
import { evaluate as evaluateNow } from '../algebra/evaluate.js';
import { printLiteral } from '../algebra/print.js';
import type { Expression, Requirement } from '../graph/graph.js';
import { atSpan, type Context } from './context.js';
import { evaluate } from './expressions.js';
import { describe } from './values.js';

/** `require condition : "message with {expressions}"`, checked in every known configuration. */
export function requirement(statement: Require, context: Context): Requirement | undefined {
  const { checker } = context;
  const at = atSpan(context, statement.condition.span);
  const value = evaluate(statement.condition, context);
  if (value.kind === 'error') return undefined;
  if (value.kind !== 'scalar' || typeof value.expression === 'number') {
    checker.report('wrong_kind', at, { expected: 'a condition on parameters', found: describe(value) });
    return undefined;
  }
  const { start, end } = statement.condition.span;
  const message = statement.message
    ? messageParts(statement.message.value, statement, context)
    : [`${context.file.text.slice(start, end)} must hold`];
  const made = { condition: value.expression, message, place: checker.place(at) };
  for (const { name, known } of checker.configurations) {
    if (evaluateNow(made.condition, known) !== false) continue;
    checker.report('require_failed', at, {
      message: message.map((part) => (typeof part === 'string' ? part : shown(part, known))).join(''),
      where: name === '' ? '' : ` (preset ${name})`,
      fix: undefined,
    });
    return undefined;
  }
  return made;
}

function shown(part: Expression, known: Parameters<typeof evaluateNow>[1]): string {
  const value = evaluateNow(part, known);
  return value === undefined ? '?' : printLiteral(value);
}

/** The text of a message, its `{…}` parts as expressions of the parameters. */
function messageParts(text: string, statement: Require, context: Context): (string | Expression)[] {
  return text.split(/(\{[^{}]*\})/).flatMap((part): (string | Expression)[] => {
    if (part === '') return [];
    if (!part.startsWith('{')) return [part];
    const expression = embedded(part.slice(1, -1), statement, context);
    return expression === undefined ? [part] : [expression];
  });
}

function embedded(text: string, statement: Require, context: Context): Expression | undefined {
  const { file, mistakes } = parse(`model Message { require ${text} }`);
  const [model] = file.declarations;
  const inner = model?.kind === 'model' ? model.statements[0] : undefined;
  if (mistakes.length > 0 || inner?.kind !== 'require') {
    context.checker.report('message_expression', atSpan(context, statement.message?.span ?? statement.span), { text });
    return undefined;
  }
  const value = evaluate(relocated(inner.condition, statement), context);
  return value.kind === 'scalar' ? value.expression : undefined;
}

/** The expression with every place at the message: its own offsets are of no file. */
function relocated<T>(node: T, statement: Require): T {
  const span = statement.message?.span ?? statement.span;
  return JSON.parse(JSON.stringify(node), (key, value: unknown) => (key === 'span' || key === 'operatorSpan' ? span : value)) as T;
}
