import { type Expression, parse } from '@tfm-lang/grammar';

const braces = /(\{[^{}]*\})/;

/** The parts of a message: text, and what stands between braces. */
export function messageText(message: string): readonly string[] {
  return message.split(braces).filter((part) => part !== '');
}

/** What stands between the braces of a part, as an expression; `undefined` where it is none. */
export function embeddedExpression(part: string): Expression | undefined {
  const { file, mistakes } = parse(`model Message { require ${part.slice(1, -1)} }`);
  const [model] = file.declarations;
  const [statement] = model?.kind === 'model' ? model.statements : [];
  return mistakes.length === 0 && statement?.kind === 'require' ? statement.condition : undefined;
}

/** Every expression in the braces of a message. */
export function embeddedExpressions(message: string): Expression[] {
  return messageText(message).flatMap((part) => (part.startsWith('{') ? (embeddedExpression(part) ?? []) : []));
}
