import type { GraphFunction, GraphModel, Node, Region, ValueId } from '../graph/graph.js';
import type { LowerContext } from './lower.js';
import { readBy } from './values.js';

/** Weights and inputs that reach no output: a checkpoint would have to hold them, a caller to give them, for nothing. */
export function reportUnused(model: GraphModel, context: LowerContext): boolean {
  const functions = new Map(model.functions.map((f) => [f.name, f]));
  const reads = new Reads(functions);
  const { checker } = context;
  const before = checker.diagnostics.length;
  for (const made of [model.main, ...model.functions]) {
    for (const node of unread(made.body, reads)) {
      const at = hasWeights(node, functions) ? context.locate(node.place) : undefined;
      if (at) checker.report('unused_weight', at, { name: node.label ?? node.outputs[0]?.id ?? 'this' });
    }
  }
  // What only an unused weight reads is told with it.
  const read = reads.of(model.main.body);
  for (const { name } of checker.diagnostics.length > before ? [] : model.inputs) {
    const at = checker.inputPlaces.get(name);
    if (at && !read.has(name)) checker.report('unused_input', at, { name });
  }
  return checker.diagnostics.length > before;
}

/** What is read at all: a call reads those of its inputs that the results of its function need. */
class Reads {
  readonly #functions: ReadonlyMap<string, GraphFunction>;
  readonly #known = new Map<string, readonly boolean[]>();

  constructor(functions: ReadonlyMap<string, GraphFunction>) {
    this.#functions = functions;
  }

  /** Every value that a result of the region needs, its results included. */
  of(region: Region): Set<ValueId> {
    const read = new Set<ValueId>(region.results);
    for (const node of [...region.nodes].reverse()) {
      if (!node.outputs.some((o) => read.has(o.id))) continue;
      for (const id of this.#by(node)) read.add(id);
    }
    return read;
  }

  #by(node: Node): ValueId[] {
    switch (node.kind) {
      case 'operator':
        return readBy(node);
      case 'call': {
        const used = this.#parameters(node.function);
        return node.inputs.filter((_, i) => used[i] === true);
      }
      case 'if':
        return [...this.of(node.then), ...this.of(node.else)];
      case 'repeat':
      case 'experts':
        return [...node.inputs, ...this.of(node.region)];
      case 'scan':
        return [...node.states, ...node.sequences, ...this.of(node.region)];
    }
  }

  #parameters(name: string): readonly boolean[] {
    const known = this.#known.get(name);
    if (known) return known;
    const made = this.#functions.get(name);
    const read = made ? this.of(made.body) : new Set<ValueId>();
    const used = made?.parameters.map((p) => read.has(p.id)) ?? [];
    this.#known.set(name, used);
    return used;
  }
}

/** Nodes whose results nothing reads, those of inner regions included. */
function unread(region: Region, reads: Reads): Node[] {
  const read = reads.of(region);
  return region.nodes.flatMap((node) => {
    if (!node.outputs.some((o) => read.has(o.id))) return [node];
    switch (node.kind) {
      case 'repeat':
      case 'experts':
      case 'scan':
        return unread(node.region, reads);
      case 'if':
        return [...unread(node.then, reads), ...unread(node.else, reads)];
      default:
        return [];
    }
  });
}

function hasWeights(node: Node, functions: ReadonlyMap<string, GraphFunction>): boolean {
  switch (node.kind) {
    case 'operator':
      return Object.keys(node.weights).length > 0;
    case 'call': {
      const made = functions.get(node.function);
      return made !== undefined && made.weights.length + made.scopes.length > 0;
    }
    case 'if':
      return [...node.then.nodes, ...node.else.nodes].some((inner) => hasWeights(inner, functions));
    default:
      return node.region.nodes.some((inner) => hasWeights(inner, functions));
  }
}
