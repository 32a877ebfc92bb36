import type { Node, Region, ValueId } from '../graph/graph.js';

type Names = ReadonlyMap<ValueId, ValueId>;

/** A node that reads other values in the place of those that have another name; what its formulas look up stays. */
export function renamedReads(node: Node, names: Names): Node {
  const renamed = (id: ValueId): ValueId => names.get(id) ?? id;
  switch (node.kind) {
    case 'operator':
      return { ...node, inputs: node.inputs.map((id) => (id === null ? null : renamed(id))) };
    case 'call':
      return { ...node, inputs: node.inputs.map(renamed) };
    case 'repeat':
      return { ...node, inputs: [renamed(node.inputs[0])], region: renamedRegion(node.region, names) };
    case 'experts': {
      const [rows, shares] = node.inputs;
      return { ...node, inputs: [renamed(rows), renamed(shares)], region: renamedRegion(node.region, names) };
    }
    case 'scan': {
      const [states, sequences] = [node.states.map(renamed), node.sequences.map(renamed)];
      return { ...node, states, sequences, region: renamedRegion(node.region, names) };
    }
    case 'if': {
      const then = renamedRegion(node.then, names);
      return { ...node, then, else: renamedRegion(node.else, names) };
    }
  }
}

function renamedRegion(region: Region, names: Names): Region {
  return {
    ...region,
    nodes: region.nodes.map((node) => renamedReads(node, names)),
    results: region.results.map((id) => names.get(id) ?? id),
  };
}
