import { inlineFormulas, substitute } from '../../algebra/index.js';
import type { Value as Scalar } from '../../algebra/operators.js';
import { environmentIn, type Scope } from '../../explain/scope.js';
import type { Expression, ValueType } from '../../graph/graph.js';
import { canonical, type Shape, type Size } from './sizes.js';

/** The expression with everything put in that the configuration says: only dimensions and leaves of formulas remain. */
export function configured(expression: Expression, scope: Scope): Expression {
  if (typeof expression !== 'object') return expression;
  const { locals = new Map<string, Scalar>() } = environmentIn(scope);
  const inner = inlineFormulas(expression, scope.formulas);
  return substitute(inner, (leaf) => {
    if (leaf.kind === 'dimension') return undefined;
    const value = (leaf.kind === 'parameter' ? scope.configuration : locals).get(leaf.name);
    if (value !== undefined) return literal(value);
    const constant = scope.constants.find(({ name }) => name === leaf.name);
    return constant && configured(constant.value, scope);
  });
}

/** Token ids and other whole numbers are int64, as ONNX's own operators give and take them. */
export const elementType = { float: 'float', token: 'int64', int: 'int64', bool: 'bool' } as const;

/** The sizes of a type. */
export function shapeIn({ shape }: ValueType, scope: Scope): Shape {
  return shape.map((size) => sizeIn(size, scope));
}

export function sizeIn(size: Expression, scope: Scope): Size {
  return canonical(configured(size, scope));
}

function literal(value: Scalar): Expression {
  if (typeof value === 'number' || typeof value === 'boolean') {
    return value === Number.POSITIVE_INFINITY ? { kind: 'constant', name: 'infinity' } : value;
  }
  if (value === null) return { kind: 'constant', name: 'none' };
  if (typeof value === 'string') return { kind: 'string', value };
  return { kind: 'list', items: value.map(literal) };
}
