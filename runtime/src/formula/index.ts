export { causal, type FormulaLeaves, f } from './builders.js';
export { apply } from './evaluate.js';
export type { Formula, FormulaLike, FormulaOperator } from './formula.js';
