import type { File, Span } from './ast.js';

/** How many nodes may stand in each other: what reads the tree may use recursion. */
const deepest = 500;

/** The place of a node that lies too deep, if there is one. Walks without recursion. */
export function tooDeep(file: File): Span | undefined {
  const rest: { value: unknown; depth: number }[] = [{ value: file, depth: 0 }];
  for (let top = rest.pop(); top; top = rest.pop()) {
    const { value, depth } = top;
    if (typeof value !== 'object' || value === null) continue;
    const node = 'span' in value;
    if (node && depth > deepest) return value.span as Span;
    for (const child of Object.values(value)) rest.push({ value: child, depth: node ? depth + 1 : depth });
  }
  return undefined;
}
