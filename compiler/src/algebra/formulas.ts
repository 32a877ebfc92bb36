import type { Expression, FormulaDeclaration } from '../graph/graph.js';
import { rebuild } from './construct.js';
import { children, substitute } from './walk.js';

export type Formulas = ReadonlyMap<string, FormulaDeclaration>;

/** A formula cannot use itself; a chain longer than this is left as a call. */
const deepest = 64;

/** The arguments of a call by the names of the formula's scalar parameters (tables are `lookup` leaves, not arguments). */
export function scalarArguments(
  formula: FormulaDeclaration,
  values: readonly Expression[],
): ReadonlyMap<string, Expression> {
  const scalars = formula.parameters.filter((parameter) => parameter.kind === 'scalar');
  return new Map(scalars.flatMap(({ name }, i) => (values[i] === undefined ? [] : [[name, values[i]] as const])));
}

/** Puts the definition of each named formula in the place of its calls. Calls of unknown formulas stay. */
export function inlineFormulas(expression: Expression, formulas: Formulas, depth = 0): Expression {
  const below = children(expression);
  if (below.length === 0 && !(typeof expression === 'object' && expression.kind === 'apply')) return expression;
  const inlined = below.map((child) => inlineFormulas(child, formulas, depth));
  if (typeof expression === 'object' && expression.kind === 'apply' && depth < deepest) {
    const formula = formulas.get(expression.formula);
    if (formula)
      return inlineFormulas(substitute(formula.expression, scalarArguments(formula, inlined)), formulas, depth + 1);
  }
  return inlined.every((child, i) => child === below[i]) ? expression : rebuild(expression, inlined);
}
