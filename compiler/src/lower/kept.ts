import type { Node, Region, ValueId } from '../graph/graph.js';
import { readBy } from './values.js';

/** Constants that feed several kept ones: made once and kept themselves, or each keeper would make them again. */
export function sharedBelow(region: Region, kept: ReadonlySet<ValueId>): Set<ValueId> {
  const readers = new Map<ValueId, Set<ValueId>>();
  const shared = new Set<ValueId>();
  for (const node of [...region.nodes].reverse()) {
    const roots = new Set<ValueId>();
    for (const { id } of node.outputs) {
      if (kept.has(id)) roots.add(id);
      for (const root of readers.get(id) ?? []) roots.add(root);
    }
    const own = node.outputs.find((o) => kept.has(o.id));
    if (!own && roots.size > 1) for (const { id } of node.outputs) shared.add(id);
    const reaching = own ? [own.id] : roots.size > 1 ? node.outputs.map((o) => o.id) : roots;
    for (const id of readBy(node)) {
      const known = readers.get(id) ?? new Set<ValueId>();
      for (const root of reaching) known.add(root);
      readers.set(id, known);
    }
  }
  return shared;
}

/** Costs nothing to make again. */
export function isFree(node: Node): boolean {
  return node.kind === 'operator' && (node.operator === 'weight' || node.operator === 'scalar');
}
