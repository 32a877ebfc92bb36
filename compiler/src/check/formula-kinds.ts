import type { Expression, FormulaDeclaration, Operator } from '../graph/graph.js';

const conditions: ReadonlySet<Operator> = new Set<Operator>([
  'equal',
  'not_equal',
  'less',
  'less_equal',
  'greater',
  'greater_equal',
  'and',
  'or',
  'not',
]);

/** Whether a formula is a condition or a number, where its form says so; looked-up values and parameters may be either. */
export function formulaKind(
  expression: Expression,
  formulas: ReadonlyMap<string, FormulaDeclaration>,
): 'condition' | 'number' | undefined {
  if (typeof expression === 'boolean') return 'condition';
  if (typeof expression === 'number') return 'number';
  switch (expression.kind) {
    case 'operator': {
      if (conditions.has(expression.operator)) return 'condition';
      if (expression.operator !== 'if') return 'number';
      const [, then = 0, otherwise = 0] = expression.operands;
      return formulaKind(then, formulas) ?? formulaKind(otherwise, formulas);
    }
    case 'apply': {
      const formula = formulas.get(expression.formula);
      return formula && formulaKind(formula.expression, formulas);
    }
    case 'axis':
    case 'score':
    case 'vector':
    case 'element':
      return 'number';
    default:
      return undefined;
  }
}
