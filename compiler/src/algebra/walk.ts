import type { Expression } from '../graph/graph.js';
import { rebuild } from './construct.js';

/** A leaf that stands for a value by name. */
type NameLeaf = Extract<Expression, { readonly kind: 'parameter' | 'dimension' | 'local' }>;

/** The expressions directly below this one, in order. */
export function children(expression: Expression): readonly Expression[] {
  if (typeof expression !== 'object') return [];
  switch (expression.kind) {
    case 'list':
      return expression.items;
    case 'operator':
      return expression.operands;
    case 'apply':
      return expression.arguments;
    case 'lookup':
      return expression.indices;
    default:
      return [];
  }
}

/** The expression and everything below it, parents first. */
export function* walk(expression: Expression): Generator<Expression> {
  const stack = [expression];
  for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
    yield next;
    stack.push(...[...children(next)].reverse());
  }
}

function isName(expression: Expression): expression is NameLeaf {
  return (
    typeof expression === 'object' &&
    (expression.kind === 'parameter' || expression.kind === 'dimension' || expression.kind === 'local')
  );
}

/** Whether an expression reads this parameter of the function that it is the body of. */
export function readsElement(expression: Expression, index: number): boolean {
  return [...walk(expression)].some((part) => {
    return typeof part === 'object' && part.kind === 'element' && part.index === index;
  });
}

export interface FreeNames {
  readonly parameters: ReadonlySet<string>;
  readonly dimensions: ReadonlySet<string>;
  readonly locals: ReadonlySet<string>;
}

/** The names that occur, in order of occurrence. */
export function freeNames(expression: Expression): FreeNames {
  const names = { parameters: new Set<string>(), dimensions: new Set<string>(), locals: new Set<string>() };
  for (const part of walk(expression)) {
    if (isName(part)) names[`${part.kind}s`].add(part.name);
  }
  return names;
}

/** `true` when the expression depends on the head, the query, the key, the score or a looked-up value. */
export function isFormula(expression: Expression): boolean {
  for (const part of walk(expression)) {
    if (typeof part !== 'object') continue;
    if (['axis', 'score', 'vector', 'element', 'lookup'].includes(part.kind)) return true;
  }
  return false;
}

/** Replaces leaves, from the bottom up, and simplifies what becomes simple. */
function mapLeaves(expression: Expression, replace: (leaf: Expression) => Expression): Expression {
  const below = children(expression);
  if (below.length === 0) return replace(expression);
  const mapped = below.map((child) => mapLeaves(child, replace));
  return mapped.every((child, i) => child === below[i]) ? expression : rebuild(expression, mapped);
}

/** A map replaces `local` names; a function may replace any name, `undefined` keeps it. */
export type Replacement = ReadonlyMap<string, Expression> | ((leaf: NameLeaf) => Expression | undefined);

export function substitute(expression: Expression, replacement: Replacement): Expression {
  if (typeof replacement !== 'function') {
    if (replacement.size === 0) return expression;
    return substitute(expression, (leaf) => (leaf.kind === 'local' ? replacement.get(leaf.name) : undefined));
  }
  return mapLeaves(expression, (leaf) => (isName(leaf) ? (replacement(leaf) ?? leaf) : leaf));
}
