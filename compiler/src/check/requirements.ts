import type { Require } from '@tfm-lang/grammar';
import { evaluate as evaluateNow } from '../algebra/evaluate.js';
import { printLiteral } from '../algebra/print.js';
import type { Expression, Requirement } from '../graph/graph.js';
import { isCondition } from './conditions.js';
import { atSpan, type Context } from './context.js';
import { embeddedExpression, messageText } from './embedded.js';
import { evaluate } from './expressions.js';
import { describe } from './values.js';

/** `require condition : "message with {expressions}"`, checked in every known configuration. */
export function requirement(statement: Require, context: Context): Requirement | undefined {
  const { checker } = context;
  const at = atSpan(context, statement.condition.span);
  const value = evaluate(statement.condition, context);
  if (value.kind === 'error') return undefined;
  if (value.kind !== 'scalar' || !isCondition(value.expression, checker)) {
    checker.report('wrong_kind', at, { expected: 'a condition on parameters', found: describe(value) });
    return undefined;
  }
  const { start, end } = statement.condition.span;
  const message = statement.message
    ? messageParts(statement.message.value, statement, context)
    : [`${context.file.text.slice(start, end)} must hold`];
  if (!message) return undefined;
  const made = { condition: value.expression, message, place: checker.place(at) };
  for (const { name, known } of checker.configurations) {
    if (evaluateNow(made.condition, known) !== false) continue;
    checker.refused.add(name);
    const preset = checker.presets.get(name);
    if (preset) checker.calls.push(preset);
    checker.report('require_failed', at, {
      message: message.map((part) => (typeof part === 'string' ? part : shown(part, known))).join(''),
      where: name === '' ? '' : ` (preset ${name})`,
      fix: undefined,
    });
    if (preset) checker.calls.pop();
    return undefined;
  }
  return made;
}

function shown(part: Expression, known: Parameters<typeof evaluateNow>[1]): string {
  const value = evaluateNow(part, known);
  return value === undefined ? '?' : printLiteral(value);
}

/** The text of a message, its `{…}` parts as expressions of the parameters. */
function messageParts(text: string, statement: Require, context: Context): (string | Expression)[] | undefined {
  const parts = messageText(text).map((part) => (part.startsWith('{') ? embedded(part, statement, context) : part));
  const known = parts.filter((part) => part !== undefined);
  return known.length === parts.length ? known : undefined;
}

function embedded(part: string, statement: Require, context: Context): Expression | undefined {
  const expression = embeddedExpression(part);
  if (!expression) {
    const at = atSpan(context, statement.message?.span ?? statement.span);
    context.checker.report('message_expression', at, { text: part.slice(1, -1) });
    return undefined;
  }
  const value = evaluate(relocated(expression, statement), context);
  return value.kind === 'scalar' ? value.expression : undefined;
}

/** The expression with every place at the message: its own offsets are of no file. */
function relocated<T>(node: T, statement: Require): T {
  const span = statement.message?.span ?? statement.span;
  return JSON.parse(JSON.stringify(node), (key, value: unknown) =>
    key === 'span' || key === 'operatorSpan' ? span : value,
  ) as T;
}
