import type { GraphFunction, Node } from '../../graph/graph.js';
import { signatureOf } from './operator-call.js';

/** What stands for a value that is there already: a number, a weight, a copy. */
export const isReference = (node: Node): boolean =>
  node.kind === 'operator' && ['element', 'scalar', 'weight'].includes(node.operator);

/** What keeps or records something under the labels that it stands under. */
export const keepsState = (node: Node): boolean =>
  node.kind === 'scan' ||
  (node.kind === 'operator' &&
    (node.operator === 'attend' || (signatureOf(node.operator).scope && node.state !== undefined)));

export const hasWeights = (fn: GraphFunction): boolean => fn.weights.length > 0 || fn.scopes.length > 0;

/** `layers` → `layer`: one of them. */
export const singular = (label: string): string => (/[^s]s$/.test(label) ? label.slice(0, -1) : `${label}_copy`);
