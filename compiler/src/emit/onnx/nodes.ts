import type { OnnxGraph, OnnxNode } from './model.js';

/** The node with other names of values, in graphs inside it too. */
export function renamed(node: OnnxNode, rename: (name: string) => string): OnnxNode {
  const attributes = Object.entries(node.attributes).map(
    ([key, value]) =>
      [key, value.kind === 'graph' ? { ...value, graph: renamedGraph(value.graph, rename) } : value] as const,
  );
  return {
    ...node,
    inputs: node.inputs.map(rename),
    outputs: node.outputs.map(rename),
    attributes: Object.fromEntries(attributes),
  };
}

function renamedGraph(graph: OnnxGraph, rename: (name: string) => string): OnnxGraph {
  return { ...graph, nodes: graph.nodes.map((node) => renamed(node, rename)) };
}

/** The nodes that the outputs need, and the names of all values that these use or make. */
export function needed(
  nodes: readonly OnnxNode[],
  outputs: ReadonlySet<string>,
): { used: Set<string>; kept: OnnxNode[] } {
  const used = new Set(outputs);
  const kept: OnnxNode[] = [];
  for (const node of [...nodes].reverse()) {
    if (!node.outputs.some((output) => used.has(output))) continue;
    kept.push(node);
    for (const name of [...node.outputs, ...readBy(node)]) used.add(name);
  }
  return { used, kept: kept.reverse() };
}

function readBy(node: OnnxNode): string[] {
  const inner = Object.values(node.attributes).flatMap((attribute) =>
    attribute.kind === 'graph' ? attribute.graph.nodes.flatMap(readBy) : [],
  );
  return [...node.inputs, ...inner];
}
