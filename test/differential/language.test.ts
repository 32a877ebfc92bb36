import { expect, test } from 'vitest';
import { compile } from '../../compiler/src/compile.js';
import { operators } from '../../compiler/src/graph/operators.js';
import { Coverage, formulaOperators } from '../support/differential/coverage.js';
import { moreRandomRuns, randomRuns, specsOf } from '../support/differential/random-specs.js';

/** Operators of formulas that no spec can write: the compiler works with them and folds them away. */
const notInFormulas = new Set([
  'length', // of a list of the configuration: there is no function for it
]);

/** Operators whose result jumps where two numbers are nearly equal: the specs of mixtures of experts use them. */
const notAtRandom = new Set(['top_values', 'in_top']);

test('the random specs use the whole language', { timeout: 300_000 }, () => {
  const coverage = new Coverage();
  const specs = [...specsOf(randomRuns()), ...specsOf(moreRandomRuns())];
  expect(specs.length).toBeGreaterThanOrEqual(300);
  for (const { spec } of specs) {
    const { graph } = compile({ read: (path) => (path === 'spec.tfm' ? spec.text : undefined) }, 'spec.tfm');
    const [model] = graph?.models ?? [];
    expect(model, spec.text).toBeDefined();
    if (model) coverage.add(model);
  }
  const { masks, scores, functions, states, nodes } = coverage;
  const missing = Object.keys(operators).filter((name) => !coverage.operators.has(name) && !notAtRandom.has(name));
  expect(missing).toEqual([]);
  const unused = formulaOperators.filter((name) => !masks.has(name) && !scores.has(name) && !functions.has(name));
  expect(unused.filter((name) => !notInFormulas.has(name))).toEqual([]);
  // Leaves of formulas: a score and vectors are for scores alone.
  for (const leaf of ['axis', 'lookup', 'parameter', 'local']) expect([...masks.keys()]).toContain(leaf);
  for (const leaf of ['axis', 'lookup', 'score', 'vector']) expect([...scores.keys()]).toContain(leaf);
  expect([...functions.keys()]).toContain('element');
  expect(new Set(states.keys())).toEqual(new Set(['keys_values', 'kept', 'recurrent']));
  expect(new Set(nodes.keys())).toEqual(new Set(['operator', 'call', 'repeat', 'if', 'scan']));
  // Ordinary transformers are common.
  expect(coverage.operators.get('attend')).toBeGreaterThan(300);
});
