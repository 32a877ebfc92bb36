export { apply } from './apply.js';
export { causal, type FormulaLeaves, f } from './builders.js';
export type { Formula, FormulaLike, FormulaOperator } from './formula.js';
