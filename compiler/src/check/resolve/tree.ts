import type { Block, Expression, Fn, Mask, Name, Score, Statement } from '@tfm-lang/grammar';

export type Declared = Block | Fn | Mask | Score;

export function isDeclaration(statement: Statement): statement is Declared {
  return ['block', 'fn', 'mask', 'score'].includes(statement.kind);
}

export function isNode<K extends Expression['kind']>(node: object, kind: K): node is Extract<Expression, { kind: K }> {
  return 'kind' in node && node.kind === kind;
}

/** The names that a part of the tree mentions, in order. */
export function namesOf(node: unknown): Name[] {
  if (typeof node !== 'object' || node === null) return [];
  if (isNode(node, 'name')) return [node];
  return Object.values(node).flatMap(namesOf);
}
