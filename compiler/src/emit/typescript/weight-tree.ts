import { not, or, same } from '../../algebra/construct.js';
import type {
  Expression,
  GraphFunction,
  Loop,
  ScopeDeclaration,
  WeightDeclaration,
  WeightPath,
} from '../../graph/graph.js';

/** The weights of a function, by label. A node is a label, a copy of a repeat, or a weight. */
export interface WeightNode {
  readonly children: Map<string, WeightNode>;
  /** `layers[i]`: what each copy has. */
  element?: { readonly node: WeightNode; readonly loop: Loop };
  /** `stages[0]`, `stages[1]`: copies that are written out, each with what it has. */
  readonly copies: WeightNode[];
  /** Several where the arms of a choice use one label. */
  readonly weights: WeightDeclaration[];
  /** Blocks whose weights live here; again several by choice. */
  readonly calls: ScopeDeclaration[];
  /** A copy cannot be left out of its list, a label can; a written-out copy is a member of a tuple, so it is there. */
  readonly kind: 'root' | 'label' | 'element' | 'copy';
  /** The label of older checkpoints: `as new was old`. */
  was?: string;
  /** Exists only where this holds. */
  when?: Expression;
}

const emptyNode = (kind: WeightNode['kind']): WeightNode => ({
  children: new Map(),
  copies: [],
  weights: [],
  calls: [],
  kind,
});

export function weightTree(fn: GraphFunction): WeightNode {
  const root = emptyNode('root');
  for (const declaration of fn.weights) nodeAt(root, declaration).weights.push(declaration);
  for (const declaration of fn.scopes) nodeAt(root, declaration).calls.push(declaration);
  decide(root);
  return root;
}

/** Finds out bottom up which labels are there only under a condition. */
function decide(node: WeightNode): void {
  const below = [...node.children.values(), ...node.copies, ...(node.element ? [node.element.node] : [])];
  for (const child of below) decide(child);
  const conditions = [
    ...node.weights.map(({ when }) => when),
    ...node.calls.map(({ when }) => when),
    ...[...node.children.values()].map(({ when }) => when),
    ...(isList(node) ? [undefined] : []),
  ];
  const exists = conditions.reduce<Expression>((all, when) => either(all, when ?? true), false);
  if (node.kind === 'label' && exists !== true) node.when = exists;
  // What holds for the label need not be said again of what is under it.
  if (node.when === undefined) return;
  for (const child of node.children.values()) if (child.when && same(child.when, node.when)) delete child.when;
}

function either(a: Expression, b: Expression): Expression {
  if (same(a, not(b)) || same(not(a), b)) return true;
  if (same(a, b) || demands(b, a)) return a;
  return demands(a, b) ? b : or(a, b);
}

/** `condition` and more: a bias of a layer that there may not be at all. */
const demands = (whole: Expression, condition: Expression): boolean =>
  typeof whole === 'object' &&
  whole.kind === 'operator' &&
  whole.operator === 'and' &&
  whole.operands.some((part) => same(part, condition) || demands(part, condition));

/** Whether there is a choice of blocks at this label, or none in some copies. */
export const isConditional = (node: WeightNode, call: ScopeDeclaration): boolean =>
  call.when !== undefined && (node.calls.length > 1 || node.when === undefined || !same(node.when, call.when));

function nodeAt(root: WeightNode, { path, loops, was }: WeightDeclaration | ScopeDeclaration): WeightNode {
  let node = root;
  path.segments.forEach((segment, index) => {
    node = typeof segment === 'string' ? childOf(node, segment) : elementOf(node, segment.index, loops);
    const old = was?.segments[index];
    if (typeof old === 'string' && old !== segment) node.was = old;
  });
  return node;
}

function childOf(node: WeightNode, label: string): WeightNode {
  const present = node.children.get(label);
  if (present) return present;
  const made = emptyNode('label');
  node.children.set(label, made);
  return made;
}

function elementOf(node: WeightNode, index: Expression, loops: readonly Loop[]): WeightNode {
  if (typeof index === 'number') return copyOf(node, index);
  if (node.element) return node.element.node;
  const loop = loops.find((each) => typeof index === 'object' && index.kind === 'local' && index.name === each.index);
  if (!loop) throw new Error('a declared weight is indexed by something else than its loops');
  node.element = { node: emptyNode('element'), loop };
  return node.element.node;
}

/** A copy that is written out. Copies before it may have no weights, and keep their places in the list. */
function copyOf(node: WeightNode, index: number): WeightNode {
  while (node.copies.length <= index) node.copies.push(emptyNode('copy'));
  return node.copies[index] ?? emptyNode('copy');
}

/** Whether the node is the list of the copies of a repeat. */
export const isList = (node: WeightNode): boolean => node.element !== undefined || node.copies.length > 0;

/** The node at one more segment; a block's own labels are found in the tree of the block. */
export function descend(
  node: WeightNode,
  segment: WeightPath['segments'][number],
  treeOf: (fn: string) => WeightNode,
): WeightNode | undefined {
  const own = typeof segment === 'string' ? node.children.get(segment) : listed(node, segment.index);
  if (own) return own;
  for (const call of node.calls) {
    const found = descend(treeOf(call.function), segment, treeOf);
    if (found) return found;
  }
  return undefined;
}

const listed = ({ copies, element }: WeightNode, index: Expression): WeightNode | undefined =>
  (typeof index === 'number' ? copies[index] : undefined) ?? element?.node;
