import { freeNames, walk } from '../algebra/walk.js';
import type { Expression, GraphFunction, Node, Region, ValueId } from './graph.js';

/** The regions inside a node. */
export function regionsOf(node: Node): readonly Region[] {
  switch (node.kind) {
    case 'repeat':
    case 'experts':
    case 'scan':
      return [node.region];
    case 'if':
      return [node.then, node.else];
    default:
      return [];
  }
}

/** All nodes, those of inner regions included, in order. */
export function* allNodes(region: Region): Generator<Node> {
  for (const node of region.nodes) {
    yield node;
    for (const inner of regionsOf(node)) yield* allNodes(inner);
  }
}

/** Values that a formula looks up. */
function lookedUp(expression: Expression): readonly ValueId[] {
  return [...walk(expression)].flatMap((part) =>
    typeof part === 'object' && part.kind === 'lookup' ? [part.value] : [],
  );
}

/** The expressions that the code of a node computes: its attributes, what it gives to a callee, counts and conditions. */
function expressionsOf(node: Node): readonly Expression[] {
  switch (node.kind) {
    case 'operator':
      return Object.values(node.attributes);
    case 'call':
      return Object.values(node.scalars);
    case 'repeat':
      return [node.count];
    case 'experts':
      return [node.top];
    case 'if':
      return [node.condition];
    case 'scan':
      return [];
  }
}

/** The dimensions that the function's own code reads, in attributes and through its named sizes. */
export function dimensionsIn({ body, constants }: GraphFunction): ReadonlySet<string> {
  return dimensionsOf(body, constants);
}

/** The same of a part of a function with these named sizes. */
export function dimensionsOf(region: Region, constants: GraphFunction['constants']): ReadonlySet<string> {
  const named = new Map(constants.map(({ name, value }) => [name, value]));
  const found = new Set<string>();
  const read = (expression: Expression): void => {
    const names = freeNames(expression);
    for (const name of names.dimensions) found.add(name);
    for (const name of names.locals) {
      const value = named.get(name);
      named.delete(name);
      if (value !== undefined) read(value);
    }
  };
  for (const node of allNodes(region)) expressionsOf(node).forEach(read);
  return found;
}

/** Every value that a node reads, also from within its regions and formulas. */
export function readsOf(node: Node): readonly ValueId[] {
  const own = ownReads(node).filter((id): id is ValueId => id !== null);
  return [...own, ...regionsOf(node).flatMap((region) => [...region.nodes.flatMap(readsOf), ...region.results])];
}

function ownReads(node: Node): readonly (ValueId | null)[] {
  switch (node.kind) {
    case 'operator':
      return [
        ...node.inputs,
        ...Object.values(node.attributes).flatMap((value) => [...lookedUp(value), ...tables(value)]),
      ];
    case 'call':
    case 'repeat':
    case 'experts':
      return node.inputs;
    case 'scan':
      return [...node.states, ...node.sequences];
    case 'if':
      return [];
  }
}

/** Values given whole to a formula: names of the function, among which scalars do no harm. */
function tables(expression: Expression): readonly ValueId[] {
  return [...walk(expression)].flatMap((part) => {
    if (typeof part !== 'object' || part.kind !== 'apply') return [];
    return part.arguments.flatMap((given) => (typeof given === 'object' && given.kind === 'local' ? [given.name] : []));
  });
}

/**
 * For a node of `region` that is kept as a constant of generation: the nodes before it that feed nothing else, which
 * belong into its closure. `around` is the region with everything that could read them.
 */
export function feedsOnly(
  region: Region,
  around: Region,
  isFeeder: (node: Node) => boolean,
  target: Node,
): ReadonlySet<Node> {
  const inside = new Set<Node>([target]);
  const end = region.nodes.indexOf(target);
  for (let i = end - 1; i >= 0; i--) {
    const node = region.nodes[i];
    if (!node || !isFeeder(node)) continue;
    const made = new Set(node.outputs.map(({ id }) => id));
    const escapes =
      around.results.some((id) => made.has(id)) ||
      around.nodes.some((other) => !inside.has(other) && readsOf(other).some((id) => made.has(id)));
    if (!escapes) inside.add(node);
  }
  inside.delete(target);
  return inside;
}

/** For each node of the body, the positions of the results that need it. */
export function neededFor({ body }: GraphFunction): ReadonlyMap<Node, readonly number[]> {
  const needs = new Map<ValueId, Set<number>>();
  const need = (id: ValueId, results: Iterable<number>) => {
    const set = needs.get(id) ?? new Set<number>();
    for (const result of results) set.add(result);
    needs.set(id, set);
  };
  body.results.forEach((id, index) => {
    need(id, [index]);
  });
  const found = new Map<Node, readonly number[]>();
  for (const node of [...body.nodes].reverse()) {
    const wanted = [...new Set(node.outputs.flatMap(({ id }) => [...(needs.get(id) ?? [])]))].sort((a, b) => a - b);
    found.set(node, wanted);
    for (const id of readsOf(node)) need(id, wanted);
  }
  return found;
}
