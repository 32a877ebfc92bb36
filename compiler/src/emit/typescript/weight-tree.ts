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
  weight?: WeightDeclaration;
  /** Blocks whose weights live here. */
  readonly calls: ScopeDeclaration[];
  /** Exists only where this holds. */
  when?: Expression;
}

const emptyNode = (): WeightNode => ({ children: new Map(), calls: [] });

export function weightTree(fn: GraphFunction): WeightNode {
  const root = emptyNode();
  for (const declaration of fn.weights) {
    const node = nodeAt(root, declaration.path, declaration.loops);
    node.weight = declaration;
    if (declaration.when !== undefined) node.when = declaration.when;
  }
  for (const declaration of fn.scopes) {
    const node = nodeAt(root, declaration.path, declaration.loops);
    node.calls.push(declaration);
    const alone = node.calls.length === 1 && node.children.size === 0 && !endsInIndex(declaration.path);
    if (alone && declaration.when !== undefined) node.when = declaration.when;
    else delete node.when;
  }
  return root;
}

export const isEmpty = (node: WeightNode): boolean =>
  node.children.size === 0 && node.element === undefined && node.weight === undefined && node.calls.length === 0;

/** Whether `call` is there only in some copies or configurations, and the label of `node` does not already say so. */
export const isConditional = (node: WeightNode, call: ScopeDeclaration): boolean =>
  call.when !== undefined && node.when === undefined;

function endsInIndex({ segments }: WeightPath): boolean {
  return typeof segments.at(-1) === 'object';
}

function nodeAt(root: WeightNode, path: WeightPath, loops: readonly Loop[]): WeightNode {
  let node = root;
  for (const segment of path.segments) {
    if (typeof segment === 'string') node = childOf(node, segment);
    else node = elementOf(node, segment.index, loops);
  }
  return node;
}

function childOf(node: WeightNode, label: string): WeightNode {
  const present = node.children.get(label);
  if (present) return present;
  const made = emptyNode();
  node.children.set(label, made);
  return made;
}

function elementOf(node: WeightNode, index: Expression, loops: readonly Loop[]): WeightNode {
  if (node.element) return node.element.node;
  const loop = loops.find((each) => typeof index === 'object' && index.kind === 'local' && index.name === each.index);
  if (!loop) throw new Error('a declared weight is indexed by something else than its loops');
  node.element = { node: emptyNode(), loop };
  return node.element.node;
}

/** The node at one more segment; a block's own labels are found in the tree of the block. */
export function descend(
  node: WeightNode,
  segment: WeightPath['segments'][number],
  treeOf: (fn: string) => WeightNode,
): WeightNode | undefined {
  const own = typeof segment === 'string' ? node.children.get(segment) : node.element?.node;
  if (own) return own;
  for (const call of node.calls) {
    const found = descend(treeOf(call.function), segment, treeOf);
    if (found) return found;
  }
  return undefined;
}
