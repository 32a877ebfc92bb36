import type { Node, Region } from '../../graph/graph.js';
import { readsOf } from '../../graph/uses.js';

/** What a reader would call the result of an operator that the spec gives no name. */
const NOUNS: Readonly<Record<string, string>> = {
  add: 'total',
  apply: 'mapped',
  attend: 'attended',
  concat: 'joined',
  divide: 'quotient',
  dropout: 'dropped',
  elu: 'activated',
  embedding: 'embedded',
  gelu: 'activated',
  gelu_tanh: 'activated',
  join_heads: 'joined',
  layer_norm: 'normed',
  learned_positions: 'positioned',
  linear: 'projected',
  matmul: 'product',
  multiply: 'product',
  relu: 'activated',
  rms_norm: 'normed',
  rotary: 'rotated',
  sigmoid: 'gate',
  silu: 'activated',
  sinusoidal_positions: 'positioned',
  softmax: 'probabilities',
  split_heads: 'by_head',
  subtract: 'difference',
  tanh: 'activated',
  unembed: 'scores',
};

/** The variable for an output: its own name, or, where that is only the operator's, a noun. */
export function wantedName(node: Node, id: string): string {
  if (node.kind !== 'operator' || node.label !== undefined) return id;
  if (id.replace(/_\d+$/, '') !== node.operator) return id;
  return NOUNS[node.operator] ?? id;
}

/**
 * Nodes whose value is written where it is read: unnamed operators that only the very next node reads, and reads once,
 * so that `dropout` of a residual stands in the sum, and the order of evaluation stays. `around` is the region with
 * everything that could read them.
 */
export function inlinable(region: Region, around: Region): ReadonlySet<Node> {
  const uses = new Map<string, number>();
  const count = (id: string) => uses.set(id, (uses.get(id) ?? 0) + 1);
  for (const node of around.nodes) for (const id of readsOf(node)) count(id);
  for (const id of around.results) count(id);
  const found = new Set<Node>();
  region.nodes.forEach((node, index) => {
    const next = region.nodes[index + 1];
    const [output, another] = node.outputs;
    if (node.kind !== 'operator' || next?.kind !== 'operator' || !output || another) return;
    if (node.label !== undefined || node.keep !== undefined || next.keep !== undefined) return;
    if (uses.get(output.id) !== 1 || !next.inputs.includes(output.id)) return;
    const previous = region.nodes[index - 1];
    // Two calls deep and no deeper: a third makes the line harder to read than a name.
    if (previous && found.has(previous)) return;
    found.add(node);
  });
  return found;
}
