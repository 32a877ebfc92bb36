import type { Expression, FormulaDeclaration } from '../graph/graph.js';
import { scalarArguments } from './formulas.js';
import { applyOperator, type Value } from './operators.js';

type Lookup = Extract<Expression, { readonly kind: 'lookup' }>;

/** What names stand for. A name that is not here is unknown. */
export interface Environment {
  readonly parameters?: ReadonlyMap<string, Value>;
  readonly dimensions?: ReadonlyMap<string, Value>;
  readonly locals?: ReadonlyMap<string, Value>;
  /** For formulas: where the query, the key and the head are, the score so far, looked-up values. */
  readonly axes?: { readonly head?: number; readonly query?: number; readonly key?: number };
  readonly score?: number;
  readonly lookup?: (leaf: Lookup, indices: readonly (Value | undefined)[]) => Value | undefined;
  readonly formulas?: ReadonlyMap<string, FormulaDeclaration>;
}

/** Longer chains of formulas that use each other are refused: a formula cannot use itself. */
const deepest = 64;

/**
 * The value in float64 (exact for integers up to 2^53), `undefined` where a name is unknown. Never throws: a division
 * by zero is NaN or ±infinity, as in IEEE 754.
 */
export function evaluate(expression: Expression, environment: Environment = {}): Value | undefined {
  return valueIn(expression, environment, 0);
}

function valueIn(expression: Expression, environment: Environment, depth: number): Value | undefined {
  if (typeof expression !== 'object') return expression;
  const below = (part: Expression): Value | undefined => valueIn(part, environment, depth);
  switch (expression.kind) {
    case 'constant':
      return { pi: Math.PI, infinity: Number.POSITIVE_INFINITY, none: null }[expression.name];
    case 'string':
      return expression.value;
    case 'parameter':
      return environment.parameters?.get(expression.name);
    case 'dimension':
      return environment.dimensions?.get(expression.name);
    case 'local':
      return environment.locals?.get(expression.name);
    case 'list':
      return allKnown(expression.items.map(below));
    case 'operator':
      if (expression.operator === 'if') return conditional(expression.operands, below);
      return applyOperator(expression.operator, expression.operands.map(below));
    case 'apply':
      return applyFormula(expression, environment, depth);
    case 'axis':
      return environment.axes?.[expression.axis];
    case 'score':
      return environment.score;
    case 'lookup':
      return environment.lookup?.(expression, expression.indices.map(below));
    case 'vector':
    case 'element':
      return undefined;
  }
}

/** Only the arm that is taken counts, so that the other may divide by zero. */
function conditional(
  operands: readonly Expression[],
  below: (part: Expression) => Value | undefined,
): Value | undefined {
  const [condition, then, otherwise] = operands;
  if (condition === undefined || then === undefined || otherwise === undefined) return undefined;
  const value = below(condition);
  if (typeof value === 'boolean') return below(value ? then : otherwise);
  return applyOperator('if', [value, below(then), below(otherwise)]);
}

function applyFormula(
  expression: Extract<Expression, { readonly kind: 'apply' }>,
  environment: Environment,
  depth: number,
): Value | undefined {
  const formula = environment.formulas?.get(expression.formula);
  if (formula === undefined || depth >= deepest) return undefined;
  const locals = new Map<string, Value>();
  for (const [name, argument] of scalarArguments(formula, expression.arguments)) {
    const value = valueIn(argument, environment, depth);
    if (value !== undefined) locals.set(name, value);
  }
  return valueIn(formula.expression, { ...environment, locals }, depth + 1);
}

function allKnown(values: readonly (Value | undefined)[]): readonly Value[] | undefined {
  return values.every((value) => value !== undefined) ? (values as readonly Value[]) : undefined;
}

/** `environmentOf({ parameters: { width: 768 } })` */
export function environmentOf(names: {
  readonly parameters?: Readonly<Record<string, Value>>;
  readonly dimensions?: Readonly<Record<string, Value>>;
  readonly locals?: Readonly<Record<string, Value>>;
}): Environment {
  return {
    parameters: new Map(Object.entries(names.parameters ?? {})),
    dimensions: new Map(Object.entries(names.dimensions ?? {})),
    locals: new Map(Object.entries(names.locals ?? {})),
  };
}
