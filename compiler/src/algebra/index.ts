/** Symbolic scalars: sizes, conditions, masks and scores as `Expression` trees of the graph. */
export * from './construct.js';
export { environmentOf, evaluate } from './evaluate.js';
export { inlineFormulas } from './formulas.js';
export { impliesCausal, impliesWindow } from './implies.js';
export { canonicalKey, constantDifference, equal, normalize } from './normalize.js';
export { print, printValue } from './print.js';
export { toExpression } from './rebuild.js';
export { evaluateSize, exactDivisions } from './size.js';
export { type Constraint, solve } from './solve.js';
export { freeNames, substitute } from './walk.js';
export { futureWitness } from './witness.js';
