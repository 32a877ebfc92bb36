import type { Expression } from '../../../graph/graph.js';
import type { Value } from '../builder.js';
import {
  axes,
  contextKey,
  type FormulaContext,
  type FormulaNumber,
  type FormulaValue,
  isScalar,
  isVector,
  type OperatorExpression,
} from './context.js';
import { as, elementwise, known } from './elementwise.js';
import { isShared, keyOf, scalarOf } from './inspect.js';
import { lookup } from './lookup.js';
import { constantOf, tabulate } from './table.js';
import { asVector, dot, vectorOf } from './vectors.js';

/**
 * The nodes of a formula: a number, or a value that broadcasts to [B, H, Tq, Tk]. Conditions are bool, whole numbers int64,
 * others float, or double where positions alone decide them. What does not depend on an attention's own scores and
 * vectors is made once for all of them.
 */
export function evaluateFormula(expression: Expression, context: FormulaContext): FormulaNumber {
  const value = formulaValue(expression, context);
  if (isVector(value)) throw new Error('a formula gives a vector where a number is wanted');
  return value;
}

function formulaValue(expression: Expression, context: FormulaContext): FormulaValue {
  const scalar = scalarOf(expression);
  if (scalar !== undefined) return scalar;
  const table = tabulate(expression, context);
  if (table) return constantOf(table, context.ops);
  if (typeof expression !== 'object') return expression;
  switch (expression.kind) {
    case 'axis':
      return shared(expression, context, () => positions(expression.axis, context));
    case 'dimension':
      return context.ops.size(expression);
    case 'score':
      return given(context.score, 'the score so far');
    case 'element':
      return given(context.elements?.[expression.index], `argument ${expression.index}`);
    case 'vector':
      return vectorOf(given(context[expression.of], `the ${expression.of}'s vector`), expression.of, context);
    case 'lookup':
      return lookup(expression, context, {
        index: (index) => evaluateFormula(index, context),
        once: (make) => shared(expression, context, make),
      });
    case 'operator':
      return operator(expression, context);
    default:
      throw context.unsupported(`a ${expression.kind} in a formula`);
  }
}

function operator(expression: OperatorExpression, context: FormulaContext): FormulaValue {
  const { ops } = context;
  if (expression.operator === 'dot') return shared(expression, context, () => dotOf(expression, context));
  if (expression.operator === 'index') throw context.unsupported('a list read at a position');
  const operands = expression.operands.map((operand) => formulaValue(operand, context));
  if (operands.every(isScalar)) return known(expression.operator, operands);
  if (operands.some(isVector)) {
    const vectors = operands.map((operand) => (isVector(operand) ? operand.vector : asVector(operand, ops)));
    const vector = (): Value => as(ops, elementwise(ops, expression.operator, vectors), 'float');
    return { vector: shared(expression, context, vector) };
  }
  const numbers = operands as readonly FormulaNumber[];
  return sharedNumber(expression, context, () => elementwise(ops, expression.operator, numbers));
}

function dotOf({ operands }: OperatorExpression, context: FormulaContext): Value {
  const [a, b] = operands.map((operand) => formulaValue(operand, context));
  if (!a || !b || !isVector(a) || !isVector(b)) throw new Error('dot(a, b) wants two vectors');
  return dot(a.vector, b.vector, context.ops);
}

/** Made once for all attentions over the same rows. */
function shared(expression: Expression, context: FormulaContext, make: () => Value): Value {
  return isShared(expression) ? context.ops.builder.once(formulaKey(expression, context), make) : make();
}

/** The same where a number may turn out to be known. */
function sharedNumber(expression: Expression, context: FormulaContext, make: () => FormulaNumber): FormulaNumber {
  let decided: FormulaNumber | undefined;
  const value = shared(expression, context, () => {
    decided = make();
    return as(context.ops, decided, isScalar(decided) ? scalarType(decided) : decided.type);
  });
  return decided ?? value;
}

const scalarType = (value: number | boolean) => (typeof value === 'boolean' ? 'bool' : 'double');

function formulaKey(expression: Expression, context: FormulaContext): string {
  return `formula ${contextKey(context)} ${keyOf(expression, context)}`;
}

/** Heads, or absolute positions of queries or keys, along their own axis: int64 [1, h, q, k]. */
function positions(axis: keyof typeof axes, { ops, heads, queries, keys, start }: FormulaContext): Value {
  const count = { head: heads, query: queries, key: keys }[axis];
  const numbers = ops.range(axis === 'query' ? start : 0, count);
  return ops.unsqueeze(
    numbers,
    [0, 1, 2, 3].filter((other) => other !== axes[axis]),
  );
}

function given<T>(value: T | undefined, name: string): T {
  if (value === undefined) throw new Error(`a formula reads ${name}, which has no value here`);
  return value;
}
