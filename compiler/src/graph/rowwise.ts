import type { GraphFunction, Node, Region, ValueId } from './graph.js';
import { readsOf } from './uses.js';

/** Operators that treat each position of a sequence for itself, some of them by where it is. */
export const pointwise: ReadonlySet<string> = new Set(
  `linear embedding unembed layer_norm rms_norm dropout relu gelu gelu_tanh silu sigmoid tanh elu leaky_relu softplus
   softmax exp log sqrt abs unit maxout clamp zero add subtract multiply divide power minimum maximum negate equal
   not_equal less less_equal greater greater_equal and or not where apply split_heads join_heads sinusoidal_positions
   learned_positions axial_positions rotary split element present top_values in_top`.split(/\s+/),
);

/** Operators that look at the position of each row. */
export const positional: ReadonlySet<string> = new Set([
  'sinusoidal_positions',
  'learned_positions',
  'axial_positions',
  'rotary',
]);

/** Operators that reduce or join along an axis: along the features they treat each row for itself. */
const alongAxis: ReadonlySet<string> = new Set(['mean', 'sum', 'argmax', 'concat']);

/** Why rows that go through a region may not be taken one by one: a node, or a value of elsewhere that it reads. */
type Mixing = { readonly node: Node } | { readonly value: ValueId; readonly node: Node };

/** Whether a node treats each row of what it reads for itself, whatever its position; values of other regions count as rows, too. */
export function isRowwiseNode(node: Node, functionNamed: (name: string) => GraphFunction | undefined): boolean {
  return withinNode(node, new Set(readsOf(node)), functionNamed) === undefined;
}

/** The first place of a region that needs more of a value than the row in hand. */
export function mixingIn(
  region: Region,
  functionNamed: (name: string) => GraphFunction | undefined,
): Mixing | undefined {
  return mixing(region, new Set(region.parameters), functionNamed);
}

function mixing(
  region: Region,
  outside: ReadonlySet<ValueId>,
  functionNamed: (name: string) => GraphFunction | undefined,
): Mixing | undefined {
  const known = new Set([...outside, ...region.parameters]);
  for (const node of region.nodes) {
    const inner = withinNode(node, known, functionNamed);
    if (inner) return inner;
    const value = readsOf(node).find((id) => !known.has(id) && !madeInside(node).has(id));
    if (value !== undefined) return { value, node };
    for (const { id } of node.outputs) known.add(id);
  }
  return undefined;
}

function withinNode(
  node: Node,
  known: ReadonlySet<ValueId>,
  functionNamed: (name: string) => GraphFunction | undefined,
): Mixing | undefined {
  switch (node.kind) {
    case 'operator':
      return isRowwise(node) ? undefined : { node };
    case 'call': {
      const callee = functionNamed(node.function);
      return callee && mixing(callee.body, new Set(callee.parameters.map(({ id }) => id)), functionNamed);
    }
    case 'if':
      return mixing(node.then, known, functionNamed) ?? mixing(node.else, known, functionNamed);
    case 'repeat':
    case 'experts':
      return mixing(node.region, known, functionNamed);
    case 'scan':
      return { node };
  }
}

function isRowwise({ operator, attributes: { axis } }: Extract<Node, { kind: 'operator' }>): boolean {
  if (operator === 'weight' || operator === 'scalar') return true;
  if (alongAxis.has(operator)) return typeof axis !== 'object' || axis.kind !== 'string' || axis.value === 'features';
  return pointwise.has(operator) && !positional.has(operator);
}

/** Values of a node's own regions. */
function madeInside(node: Node): ReadonlySet<ValueId> {
  const regions = node.kind === 'if' ? [node.then, node.else] : 'region' in node ? [node.region] : [];
  return new Set(
    regions.flatMap((region) => [
      ...region.parameters,
      ...region.nodes.flatMap((inner) => [...inner.outputs.map(({ id }) => id), ...madeInside(inner)]),
    ]),
  );
}
