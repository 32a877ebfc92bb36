import { type Environment, evaluate } from '../algebra/evaluate.js';
import type { Value } from '../algebra/operators.js';
import type {
  Expression,
  FormulaDeclaration,
  GraphFunction,
  GraphModel,
  ValueType,
  WeightPath,
} from '../graph/graph.js';

/** Values of all parameters of a model. */
export type Configuration = ReadonlyMap<string, Value>;

/** Sizes of the input dimensions: `B → 1`, `T → 128`. */
export type Dimensions = ReadonlyMap<string, number>;

/** Where an expression stands: a configured model, a function of it, and the values of its scalars and loop indices. */
export interface Scope {
  readonly model: GraphModel;
  readonly configuration: Configuration;
  readonly formulas: ReadonlyMap<string, FormulaDeclaration>;
  readonly constants: GraphFunction['constants'];
  readonly locals: ReadonlyMap<string, Value>;
}

/** A type together with the scope that its sizes are to be read in. */
export interface ScopedType {
  readonly type: ValueType;
  readonly scope: Scope;
  /** Made of `scored_rows`: a prefill has one row of it for each sequence. */
  readonly scored?: boolean | undefined;
}

/** The scope of the model's own statements. */
export function modelScope(model: GraphModel, configuration: Configuration): Scope {
  const formulas = new Map(model.formulas.map((formula) => [formula.name, formula]));
  return { model, configuration, formulas, constants: model.main.constants, locals: new Map() };
}

/** The scope of a function's body, called from `outer` with these scalars. */
export function calleeScope(outer: Scope, callee: GraphFunction, scalars: Readonly<Record<string, Expression>>): Scope {
  const locals = new Map(Object.entries(scalars).map(([name, value]) => [name, valueIn(value, outer)]));
  return { ...outer, constants: callee.constants, locals };
}

/** The function of this name. */
export function functionNamed(model: GraphModel, name: string): GraphFunction {
  const found = model.functions.find((fn) => fn.name === name);
  if (!found) throw new Error(`the graph has no function '${name}'`);
  return found;
}

/** The same scope with one more local: a loop index. */
export function withLocal(scope: Scope, name: string, value: Value): Scope {
  return { ...scope, locals: new Map([...scope.locals, [name, value]]) };
}

const noDimensions: Dimensions = new Map();

const environments = new WeakMap<Scope, WeakMap<Dimensions, Environment>>();

/** What the names in `scope` stand for. Constants that need an unknown dimension are left out. */
export function environmentIn(scope: Scope, dimensions: Dimensions = noDimensions): Environment {
  const bySizes = environments.get(scope) ?? new WeakMap<Dimensions, Environment>();
  environments.set(scope, bySizes);
  const environment = bySizes.get(dimensions) ?? newEnvironment(scope, dimensions);
  bySizes.set(dimensions, environment);
  return environment;
}

function newEnvironment(scope: Scope, dimensions: Dimensions): Environment {
  const locals = new Map(scope.locals);
  const environment = { parameters: scope.configuration, dimensions, locals, formulas: scope.formulas };
  for (const { name, value } of scope.constants) {
    const known = evaluate(value, environment);
    if (known !== undefined) locals.set(name, known);
  }
  return environment;
}

/** The value of `expression`. Throws where the graph uses a name that nothing binds. */
export function valueIn(expression: Expression, scope: Scope, dimensions?: Dimensions): Value {
  if (typeof expression === 'number' || typeof expression === 'boolean') return expression;
  const value = evaluate(expression, environmentIn(scope, dimensions));
  if (value === undefined)
    throw new Error(`the graph has an expression without a value: ${JSON.stringify(expression)}`);
  return value;
}

/** A size, a count or an index. */
export function sizeIn(expression: Expression, scope: Scope, dimensions?: Dimensions): number {
  return Number(valueIn(expression, scope, dimensions));
}

/** A path with its loop indices filled in, behind `root` where it belongs to a function: `layers[0].ln_1.weight`. */
export function printPath(path: WeightPath, root: string, scope: Scope): string {
  let text = path.root === 'function' ? root : '';
  for (const segment of path.segments) {
    if (typeof segment === 'string') text += text ? `.${segment}` : segment;
    else text += `[${sizeIn(segment.index, scope)}]`;
  }
  return text;
}
