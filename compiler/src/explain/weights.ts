import type { Expression, GraphFunction, GraphModel, Initializer, Loop } from '../graph/graph.js';
import {
  type Configuration,
  calleeScope,
  functionNamed,
  modelScope,
  printPath,
  type Scope,
  sizeIn,
  valueIn,
  withLocal,
} from './scope.js';
import { flatten, walk } from './walk.js';

/** One weight of a configured model. */
export interface Weight {
  /** `layers[0].ln_1.weight` */
  readonly path: string;
  readonly shape: readonly number[];
  readonly trained: boolean;
  readonly initializer: Initializer;
  /** The number of its elements. */
  readonly parameters: number;
  /** In memory: four bytes for each element. */
  readonly bytes: number;
}

const BYTES_PER_ELEMENT = 4;

/**
 * Every weight that exists in a configuration, in the order of its first use, copy by copy. Weights that nothing reads
 * come last. A shared weight (`let f = Layer`) is listed once.
 */
export function listWeights(model: GraphModel, configuration: Configuration): Weight[] {
  const found = new Map<string, Weight>();
  collect(model.main, '', modelScope(model, configuration), found);
  const order = new Map<string, number>();
  for (const { weights } of flatten(walk(model, configuration))) {
    for (const path of Object.values(weights)) if (!order.has(path)) order.set(path, order.size);
  }
  const rank = ({ path }: Weight): number => order.get(path) ?? order.size;
  return [...found.values()].sort((a, b) => rank(a) - rank(b));
}

/** The number of trained and of fixed elements. */
export function countParameters(weights: readonly Weight[]): { trained: number; fixed: number } {
  const total = (list: readonly Weight[]): number => list.reduce((sum, { parameters }) => sum + parameters, 0);
  return { trained: total(weights.filter((w) => w.trained)), fixed: total(weights.filter((w) => !w.trained)) };
}

function collect(fn: GraphFunction, prefix: string, scope: Scope, found: Map<string, Weight>): void {
  for (const weight of fn.weights) {
    for (const inner of copies(weight, scope)) {
      const shape = weight.shape.map((size) => sizeIn(size, inner));
      const parameters = shape.reduce((product, size) => product * size, 1);
      const path = printPath(weight.path, prefix, inner);
      const { trained, initializer } = weight;
      found.set(path, { path, shape, trained, initializer, parameters, bytes: parameters * BYTES_PER_ELEMENT });
    }
  }
  for (const child of fn.scopes) {
    const callee = functionNamed(scope.model, child.function);
    for (const inner of copies(child, scope)) {
      collect(callee, printPath(child.path, prefix, inner), calleeScope(inner, callee, child.scalars), found);
    }
  }
}

/** The scopes of all copies of a declaration: its loops run through, those left out where `when` does not hold. */
export function copies(declaration: { loops: readonly Loop[]; when?: Expression }, scope: Scope): Scope[] {
  let scopes = [scope];
  for (const { index, count } of declaration.loops) {
    scopes = scopes.flatMap((outer) =>
      Array.from({ length: sizeIn(count, outer) }, (_, i) => withLocal(outer, index, i)),
    );
  }
  const { when } = declaration;
  return when === undefined ? scopes : scopes.filter((inner) => valueIn(when, inner) === true);
}
