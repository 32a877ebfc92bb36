import { futureWitness } from '../algebra/index.js';
import type { At } from '../check/values.js';
import type { Generation, GraphFunction, GraphModel, StateDeclaration } from '../graph/graph.js';
import { Analysis } from './analysis.js';
import { constant, type Dependence } from './growth.js';
import type { LowerContext } from './lower.js';
import { withScoredRows } from './scored-rows.js';
import type { LocalState, Violation } from './state.js';
import { calledBy } from './values.js';

/**
 * Derives the incremental step of `generate x from y`: along x's length every value is constant, pointwise or causal,
 * or the model cannot be generated from. Nodes are marked with what they are; keys, values and recurrent state that
 * steps share are listed.
 */
export function deriveGeneration(
  model: GraphModel,
  generate: Generation,
  context: LowerContext,
): GraphModel | undefined {
  const first = analyse(model, generate, 0);
  // Positions before a prefix is joined count differently: the second pass knows how long the prefix is.
  const { analysis, main, states } =
    first.analysis.prefix === 0 ? first : analyse(model, generate, first.analysis.prefix);
  for (const violation of analysis.violations) reportViolation(violation, generate, context);
  for (const places of analysis.collisions) {
    const at = places.map(context.locate).findLast((place) => place !== undefined) ?? context.model;
    context.checker.report('not_yet_supported', at, {
      construct: 'generation through an instance that is used twice in a row',
    });
  }
  if (analysis.violations.length + analysis.collisions.length > 0) return undefined;
  const derived = { ...model, functions: reachable(analysis.made, main), main };
  return {
    ...derived,
    main: withScoredRows(derived, generate),
    generate: { ...generate, prefix: analysis.prefix, state: states.map(declared) },
  };
}

/** The functions that the model still calls: trials leave others behind. */
function reachable(functions: readonly GraphFunction[], main: GraphFunction): GraphFunction[] {
  const wanted = new Set<string>();
  const byName = new Map(functions.map((f) => [f.name, f]));
  const visit = (f: GraphFunction): void => {
    for (const name of calledBy(f.body)) {
      if (wanted.has(name)) continue;
      wanted.add(name);
      const callee = byName.get(name);
      if (callee) visit(callee);
    }
  };
  visit(main);
  return functions.filter((f) => wanted.has(f.name));
}

function analyse(model: GraphModel, generate: Generation, prefix: Analysis['prefix']) {
  const analysis = new Analysis(model, generate.dimension, prefix);
  const growing: Dependence = { growth: 'pointwise', before: 0 };
  const inputs = model.inputs.map((i) => (i.name === generate.input ? growing : constant));
  const { made, states } = analysis.run(model.main, inputs);
  return { analysis, main: made, states };
}

function declared({ path, loops = [], ...rest }: LocalState): StateDeclaration {
  return { path: { root: 'function', segments: path }, loops: [...loops], ...rest };
}

function reportViolation(violation: Violation, generate: Generation, context: LowerContext): void {
  const { checker } = context;
  const at: At = violation.places.map(context.locate).findLast((place) => place !== undefined) ?? context.model;
  const name = generate.input;
  if (violation.mask === undefined) {
    checker.report('future_reaches_output', at, { name, operation: violation.operation ?? 'an operator' });
    return;
  }
  const known = checker.configurations[0]?.known ?? {};
  const witness = futureWitness(violation.mask, known, checker.formulas);
  checker.report('mask_sees_future', at, {
    name,
    attention: violation.label ?? 'this attention',
    query: witness?.query ?? 0,
    key: witness?.key ?? 1,
  });
}
