import { local } from '../algebra/index.js';
import type {
  Expression,
  Loop,
  Place,
  Region,
  RepeatNode,
  StateDeclaration,
  ValueType,
  WeightPath,
} from '../graph/graph.js';
import { type Dependence, grows, join } from './growth.js';

/** A place where a generated stream would see its own future. */
export interface Violation {
  /** Calls around the place, outermost first, then the place itself. */
  readonly places: readonly Place[];
  readonly mask?: Expression;
  readonly label?: string;
  readonly operation?: string;
}

/** State of a function, relative to its scope. */
export interface LocalState {
  readonly path: WeightPath['segments'];
  readonly kind: StateDeclaration['kind'];
  readonly types: readonly ValueType[];
  readonly window?: Expression;
  /** The loops around it, outermost first. */
  readonly loops?: readonly Loop[];
}

export function withoutGrowth(body: Region): string {
  return JSON.stringify(body, (key, value: unknown) => (key === 'growth' ? undefined : value));
}

/** What a function or loop sees of a growing value: that it grows. */
export function entry(value: Dependence): Dependence {
  return grows(value) ? { ...value, growth: 'pointwise' } : value;
}

/** The result of a function, given what it is relative to its inputs. */
export function through(input: Dependence, result: Dependence): Dependence {
  return grows(result) ? { ...result, growth: join(input, result).growth } : result;
}

/** State of a copy lies under the copy: an instance that several copies share has state of its own in each. */
export function inCopy(node: RepeatNode, state: LocalState): LocalState {
  const copy = [...node.scope.segments, { index: local(node.index) }];
  const inside = JSON.stringify(state.path.slice(0, copy.length)) === JSON.stringify(copy);
  const loop = { index: node.index, count: node.count };
  return { ...state, path: inside ? state.path : [...copy, ...state.path], loops: [loop, ...(state.loops ?? [])] };
}
