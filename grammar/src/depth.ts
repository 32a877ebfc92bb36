import type { File, Span } from './ast.js';

/** How many nodes may stand in each other: what reads the tree may use recursion. */
const deepest = 500;

/** The place of a node that lies too deep, if there is one. Walks without recursion. */
export function tooDeep(file: File): Span | undefined {
  const nodes: object[] = [file];
  const depths: number[] = [0];
  for (let node = nodes.pop(); node; node = nodes.pop()) {
    const depth = depths.pop() ?? 0;
    if (depth > deepest && 'span' in node) return node.span as Span;
    for (const [key, child] of Object.entries(node)) {
      if (typeof child !== 'object' || child === null || key === 'span' || key === 'operatorSpan') continue;
      nodes.push(child);
      // A list between two nodes is no level of its own.
      depths.push(Array.isArray(child) ? depth : depth + 1);
    }
  }
  return undefined;
}
