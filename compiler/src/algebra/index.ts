/** Symbolic scalars: sizes, conditions, masks and scores as `Expression` trees of the graph. */
export * from './construct.js';
export { type Environment, environmentOf, evaluate } from './evaluate.js';
export { type Formulas, inlineFormulas, scalarArguments } from './formulas.js';
export { impliesCausal, impliesWindow } from './implies.js';
export { type Canonical, canonicalKey, constantDifference, equal, normalize, type Ratio } from './normalize.js';
export { applyOperator, sameValue, type Value } from './operators.js';
export { print, printLiteral, printValue } from './print.js';
export { toExpression } from './rebuild.js';
export { type ExactDivision, evaluateSize, exactDivisions, type SizeProblem } from './size.js';
export { type Binding, type Constraint, type Contradiction, type Solution, solve } from './solve.js';
export {
  children,
  type FreeNames,
  freeNames,
  isFormula,
  isName,
  mapLeaves,
  type NameLeaf,
  type Replacement,
  substitute,
  walk,
} from './walk.js';
export { type FutureWitness, futureWitness } from './witness.js';
