import type { Expression } from '../graph/graph.js';
import { type Environment, evaluate } from './evaluate.js';
import { type Formulas, inlineFormulas } from './formulas.js';
import { isFormula, walk } from './walk.js';

/** A query that may read a key after it. */
export interface FutureWitness {
  readonly query: number;
  readonly key: number;
}

const smallPositions = 24;
const mostPositions = 96;

/**
 * For a mask that is not causal: positions key > query that it allows, the first found. Data of the inputs
 * (`present(x)[k]`) is taken to allow. Tries small positions and those around the numbers that the mask compares with.
 */
export function futureWitness(
  mask: Expression,
  environment: Environment = {},
  formulas: Formulas = environment.formulas ?? new Map(),
): FutureWitness | undefined {
  const inlined = inlineFormulas(mask, formulas);
  const positions = candidates(inlined, environment);
  for (const key of positions) {
    for (const query of positions) {
      if (query >= key) break;
      const axes = { head: 0, query, key };
      if (evaluate(inlined, { lookup: () => true, ...environment, axes }) === true) return { query, key };
    }
  }
  return undefined;
}

/** Ascending. */
function candidates(mask: Expression, environment: Environment): readonly number[] {
  const found = new Set(Array.from({ length: smallPositions }, (_, i) => i));
  for (const part of walk(mask)) {
    if (isFormula(part) || found.size >= mostPositions) continue;
    const value = evaluate(part, environment);
    if (typeof value !== 'number' || !Number.isFinite(value)) continue;
    for (const near of [-1, 0, 1]) if (Math.round(value) + near >= 0) found.add(Math.round(value) + near);
  }
  return [...found].sort((a, b) => a - b);
}
