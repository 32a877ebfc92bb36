/** Masks, scores and elementwise functions as nodes. */
export { type FormulaContext, type FormulaNumber, isScalar } from './context.js';
export { as, operatorOn } from './elementwise.js';
export { evaluateFormula } from './evaluate.js';
export { type Bounds, boundsOf, readsScore, readsVectors, replaced, scalarOf, widest } from './inspect.js';
