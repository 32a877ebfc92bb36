import { walk } from '../algebra/walk.js';
import type { Expression, FormulaDeclaration, Node, Region, ValueId } from '../graph/graph.js';

/** Every value that an expression of a node looks up: tables of scores, presence of inputs. */
export function lookedUp(expression: Expression): ValueId[] {
  const found: ValueId[] = [];
  for (const part of walk(expression)) if (typeof part === 'object' && part.kind === 'lookup') found.push(part.value);
  return found;
}

/** Whether a formula, or one that it applies, depends on this axis. */
export function readsAxis(
  expression: Expression,
  axis: 'head' | 'query' | 'key',
  formulas: ReadonlyMap<string, FormulaDeclaration>,
): boolean {
  for (const part of walk(expression)) {
    if (typeof part !== 'object') continue;
    if (part.kind === 'axis' && part.axis === axis) return true;
    const applied = part.kind === 'apply' ? formulas.get(part.formula) : undefined;
    if (applied && readsAxis(applied.expression, axis, formulas)) return true;
  }
  return false;
}

/** The values that a node reads, those of inner regions included where they come from outside. */
export function readBy(node: Node): ValueId[] {
  switch (node.kind) {
    case 'operator':
      return [
        ...node.inputs.flatMap((i) => (i === null ? [] : [i])),
        ...Object.values(node.attributes).flatMap(lookedUp),
      ];
    case 'call':
      return [...node.inputs];
    case 'repeat':
    case 'experts':
      return [...node.inputs, ...freeIn(node.region)];
    case 'if':
      return [...freeIn(node.then), ...freeIn(node.else)];
    case 'scan':
      return [...node.states, ...node.sequences, ...freeIn(node.region)];
  }
}

/** The values of outer regions that a region reads. */
export function freeIn(region: Region): ValueId[] {
  const own = new Set([...region.parameters, ...region.nodes.flatMap((n) => n.outputs.map((o) => o.id))]);
  return [...region.nodes.flatMap(readBy), ...region.results].filter((id) => !own.has(id));
}

/** The functions that a region calls, inner regions included. */
export function calledBy(region: Region): string[] {
  return region.nodes.flatMap((node) => {
    switch (node.kind) {
      case 'operator':
        return [];
      case 'call':
        return [node.function];
      case 'if':
        return [...calledBy(node.then), ...calledBy(node.else)];
      default:
        return calledBy(node.region);
    }
  });
}
