import { isFormula } from '../algebra/walk.js';
import type { FormulaDeclaration } from '../graph/graph.js';
import type { Context } from './context.js';
import { named } from './formulas.js';
import { emit } from './nodes.js';
import {
  type At,
  type FunctionValue,
  failed,
  type StageValue,
  scalar,
  type TensorValue,
  type Value,
} from './values.js';

/** A call with all its arguments: on numbers a number, on values an elementwise operator. */
export function callFunction(fn: FunctionValue, given: ReadonlyMap<string, Value>, context: Context, at: At): Value {
  const values = fn.parameters.map((p) => given.get(p) ?? failed);
  if (values.some((v) => v.kind === 'error')) return failed;
  const tensors = values.filter((v) => v.kind === 'tensor');
  if (tensors.length > 0) return elementwise(fn, given, tensors, context, at);
  const formula = values.some((v) => v.kind === 'scalar' && isFormula(v.expression));
  if (!formula || !fn.declaration) return fn.call(given, context, at);
  // A stage binds its stream last, `softcap(30)`: the formula has its parameters as declared.
  const ordered = new Map(fn.parameters.map((p, i) => [p, values[i] ?? failed]));
  const expression = named(context, formulaHead(fn), ordered, (arguments_) => {
    const value = fn.call(arguments_, context, at);
    return value.kind === 'scalar' ? value.expression : undefined;
  });
  return expression === undefined ? failed : scalar(expression);
}

function formulaHead(fn: FunctionValue): Pick<FormulaDeclaration, 'name' | 'kind' | 'text' | 'documentation'> {
  const documentation = fn.declaration?.documentation?.text;
  return { name: fn.name, kind: 'function', text: fn.text ?? fn.name, ...(documentation && { documentation }) };
}

function elementwise(
  fn: FunctionValue,
  given: ReadonlyMap<string, Value>,
  tensors: readonly TensorValue[],
  context: Context,
  at: At,
): Value {
  const elements = new Map<string, Value>();
  for (const [name, value] of given) {
    const place = value.kind === 'tensor' ? tensors.indexOf(value) : -1;
    elements.set(name, place < 0 ? value : scalar({ kind: 'element', index: place }));
  }
  const formula = callFunction(fn, elements, context, at);
  const [first] = tensors;
  if (formula.kind !== 'scalar' || !first) return failed;
  return emit(context, at, {
    operator: 'apply',
    inputs: tensors,
    type: { dtype: 'float', shape: first.type.shape },
    attributes: { formula: formula.expression },
    segments: first.segments,
  });
}

/** The parameters that are neither given nor have a default. */
export function openParameters(fn: FunctionValue): readonly string[] {
  const optional = new Set((fn.declaration?.parameters ?? []).filter((p) => p.default).map((p) => p.name.name));
  return fn.parameters.filter((p) => !fn.bound.has(p) && !optional.has(p));
}

/** A function as a stage: it acts on every element; exactly its first open parameter is the stream. */
export function functionStage(fn: FunctionValue, context: Context): StageValue | undefined {
  const open = openParameters(fn);
  const [stream] = open;
  if (stream === undefined || open.length !== 1) return undefined;
  return {
    kind: 'stage',
    name: fn.name,
    apply: (input, site) => {
      const given = new Map<string, Value>([...fn.bound, [stream, input]]);
      return callFunction(fn, fn.complete?.(given, context) ?? given, { ...context, ...site.context }, site.at);
    },
  };
}
