import { freeNames } from '../algebra/walk.js';
import type { Expression, Growth, OperatorNode, ValueType } from '../graph/graph.js';
import { pointwise } from '../graph/rowwise.js';

/**
 * How a value depends on the generated sequence. `before`: constant rows that stand before the generated ones on its
 * growing axis (text before image tokens), as an expression.
 */
export interface Dependence {
  readonly growth: Growth;
  readonly before: Expression;
}

export const constant: Dependence = { growth: 'constant', before: 0 };

/** `other`: the value at one position needs later ones, or all of them; why, in words. */
interface Other {
  readonly other: string;
}

export type Rule = Dependence | Other;

const order: readonly Growth[] = ['constant', 'pointwise', 'causal'];

/** The stronger of several dependences. */
export function join(...all: readonly Dependence[]): Dependence {
  return all.reduce((a, b) => (order.indexOf(b.growth) > order.indexOf(a.growth) ? b : a), constant);
}

export function grows(d: Dependence): boolean {
  return d.growth !== 'constant';
}

/** Whether the growing dimension lies on axis 1 of a value and on no other. */
export function growsOnSequenceAxis(type: ValueType, dimension: string): boolean {
  return type.shape.every((size, axis) => (axis === 1) === freeNames(size).dimensions.has(dimension));
}

/** The rule of an operator without state; attention and recurrences have their own. */
export function operatorRule(node: OperatorNode, inputs: readonly Dependence[]): Rule {
  const all = join(...inputs);
  if (!grows(all)) return constant;
  const { operator } = node;
  if (pointwise.has(operator)) return all;
  const axis = node.attributes.axis;
  const along = typeof axis === 'object' && axis.kind === 'string' ? axis.value : 'features';
  if (['mean', 'sum', 'argmax'].includes(operator) && along === 'features') return all;
  if (operator === 'concat') return along === 'features' ? all : afterPrefix(inputs);
  if (operator === 'predict') return all;
  return { other: `\`${operator}\`` };
}

/** A constant part, then the growing one. */
function afterPrefix(inputs: readonly Dependence[]): Rule {
  const last = inputs.at(-1) ?? constant;
  if (inputs.slice(0, -1).some(grows)) return { other: '`concat` of a growing sequence and something behind it' };
  return last;
}
