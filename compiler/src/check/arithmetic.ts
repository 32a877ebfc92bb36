import type { Binary, Expression as Syntax, Unary } from '@tfm-lang/grammar';
import { and, compare, none, not, call as operate, or } from '../algebra/construct.js';
import { isFormula } from '../algebra/walk.js';
import type { DataType, Expression, Operator } from '../graph/graph.js';
import type { OperatorName } from '../graph/operators.js';
import { isCondition } from './conditions.js';
import { atSpan, type Context } from './context.js';
import { evaluate } from './expressions.js';
import { combineMasks, toMask } from './formulas.js';
import { emit } from './nodes.js';
import { inSegment } from './segments.js';
import { broadcast, showType } from './sizes.js';
import { instance } from './stages.js';
import {
  type At,
  describe,
  failed,
  isStage,
  type ScalarValue,
  type StageValue,
  scalar,
  type TensorValue,
  type Value,
} from './values.js';

const names = {
  '+': 'add',
  '-': 'subtract',
  '*': 'multiply',
  '/': 'divide',
  '%': 'modulo',
  '**': 'power',
  '==': 'equal',
  '!=': 'not_equal',
  '<': 'less',
  '<=': 'less_equal',
  '>': 'greater',
  '>=': 'greater_equal',
  and: 'and',
  or: 'or',
} as const satisfies Record<string, Operator>;

const verbs: Partial<Record<Operator, string>> = {
  add: 'added',
  subtract: 'subtracted',
  multiply: 'multiplied',
  divide: 'divided',
};

export function binary(expression: Binary, context: Context): Value {
  if (expression.operator === 'in') return inSegment(expression, context);
  const operator = names[expression.operator];
  const left = evaluate(expression.left, context);
  const right = evaluate(expression.right, context);
  if (left.kind === 'error' || right.kind === 'error') return failed;
  return operation(operator, left, right, context, {
    whole: atSpan(context, expression.span),
    left: atSpan(context, expression.left.span),
    right: atSpan(context, expression.right.span),
  });
}

interface Places {
  readonly whole: At;
  readonly left: At;
  readonly right: At;
}

function operation(operator: Operator, left: Value, right: Value, context: Context, places: Places): Value {
  if (operator === 'and' || operator === 'or') {
    const mask = combineMasks(operator, left, right);
    if (mask) return mask;
  }
  if (left.kind === 'scalar' && right.kind === 'scalar') return scalars(operator, left, right, context, places);
  if (liftable(left) || liftable(right)) return lifted(operator, left, right, context, places);
  if (left.kind === 'tensor' || right.kind === 'tensor') return tensors(operator, left, right, context, places);
  if (operator === 'equal' || operator === 'not_equal') {
    const same = literalEqual(left, right, context);
    if (same !== undefined) return scalar(operator === 'equal' ? same : not(same));
  }
  context.checker.report('wrong_operands', places.whole, { left: describe(left), right: describe(right) });
  return failed;
}

function liftable(value: Value): boolean {
  return value.kind !== 'none' && isStage(value);
}

/** `clip == none`, `kind == "causal"`. */
function literalEqual(a: Value, b: Value, context: Context): Expression | undefined {
  const [choice, word] = a.kind === 'text' || a.kind === 'none' ? [b, a] : [a, b];
  if (choice.kind === 'scalar' && word.kind === 'text') {
    const known = context.checker.value(choice.expression);
    if (known !== undefined && typeof known !== 'string') return undefined;
    return compare('equal', choice.expression, { kind: 'string', value: word.value });
  }
  if (a.kind === 'text' && b.kind === 'text') return a.value === b.value;
  if (choice.kind === 'scalar' && word.kind === 'none') return compare('equal', choice.expression, none);
  if (a.kind === 'none' || b.kind === 'none') return a.kind === b.kind;
  return undefined;
}

function scalars(operator: Operator, a: ScalarValue, b: ScalarValue, context: Context, places: Places): Value {
  const vector = a.vector === true || b.vector === true;
  if (operator === 'and' || operator === 'or') {
    for (const [value, at] of [
      [a, places.left],
      [b, places.right],
    ] as const) {
      if (typeof value.expression === 'number') {
        context.checker.report('wrong_kind', at, { expected: 'true or false', found: describe(value) });
        return failed;
      }
    }
    return scalar(operator === 'and' ? and(a.expression, b.expression) : or(a.expression, b.expression));
  }
  const result = operate(operator, a.expression, b.expression);
  if (!context.checker.isShort(result, places.whole)) return failed;
  return vector ? { kind: 'scalar', expression: result, vector } : scalar(result);
}

/** (f + g)(x) = f(x) + g(x); a number or value beside a stage is the same for every x. */
function lifted(operator: Operator, left: Value, right: Value, context: Context, places: Places): Value {
  const f = instance.toStage(left, context, places.left);
  const g = instance.toStage(right, context, places.right);
  const usable = (v: Value, s: StageValue | undefined): boolean =>
    s !== undefined || v.kind === 'scalar' || v.kind === 'tensor';
  if (!usable(left, f) || !usable(right, g)) {
    context.checker.report('wrong_operands', places.whole, { left: describe(left), right: describe(right) });
    return failed;
  }
  return {
    kind: 'stage',
    name: [f?.name, g?.name].filter((n) => n !== undefined).join(` ${operator} `),
    apply: (input, site) => {
      const inner = instance.scoped(site);
      return context.checker.nested(places.whole, () => {
        const a = f ? f.apply(input, { ...inner, at: places.left }) : left;
        const b = g ? g.apply(input, { ...inner, at: places.right }) : right;
        if (a.kind === 'error' || b.kind === 'error') return failed;
        return operation(operator, a, b, inner.context, places);
      });
    },
  };
}

const comparisons = new Set<Operator>(['equal', 'not_equal', 'less', 'less_equal', 'greater', 'greater_equal']);

function tensors(operator: Operator, left: Value, right: Value, context: Context, places: Places): Value {
  const formula = [left, right].some((v) => v.kind === 'scalar' && (v.vector === true || isFormula(v.expression)));
  if (formula) {
    const a = asVector(left, context);
    const b = asVector(right, context);
    if (a && b) return scalars(operator, a, b, context, places);
  }
  const a = asTensor(left, context, places.left);
  const b = asTensor(right, context, places.right);
  const logic = operator === 'and' || operator === 'or';
  if (!a || !b || operator === 'modulo' || (logic && (a.type.dtype !== 'bool' || b.type.dtype !== 'bool'))) {
    context.checker.report('wrong_operands', places.whole, { left: describe(left), right: describe(right) });
    return failed;
  }
  const { checker } = context;
  const shape = broadcast(checker, a.type, b.type, places.whole);
  if (!shape) {
    checker.report('shapes_do_not_fit', places.whole, { verb: verbs[operator] ?? 'compared', fix: undefined }, [
      { at: places.left, text: `this is ${showType(checker, a.type)}` },
      { at: places.right, text: `this is ${showType(checker, b.type)}` },
    ]);
    return failed;
  }
  const dtype: DataType = comparisons.has(operator) || operator === 'and' || operator === 'or' ? 'bool' : 'float';
  return emit(context, places.whole, {
    operator: operator as OperatorName,
    inputs: [a, b],
    type: { dtype, shape },
    segments: a.segments ?? b.segments,
  });
}

/** A number among tensors. */
export function asTensor(value: Value, context: Context, at: At): TensorValue | undefined {
  if (value.kind === 'tensor') return value;
  if (value.kind !== 'scalar' || isFormula(value.expression)) return undefined;
  const type = { dtype: 'float', shape: [] } as const;
  return emit(context, at, { operator: 'scalar', inputs: [], type, attributes: { value: value.expression } });
}

/** A one-axis value inside a formula: the vector itself. */
export function asVector(value: Value, context: Context): ScalarValue | undefined {
  if (value.kind === 'scalar') return value;
  if (value.kind !== 'tensor') return undefined;
  const expression: Expression = {
    kind: 'lookup',
    value: context.builder.use(value),
    batched: value.constant !== true,
    indices: [],
  };
  return { kind: 'scalar', expression, vector: value.type.shape.length > 0 };
}

export function unary(expression: Unary, context: Context): Value {
  const value = evaluate(expression.operand, context);
  const at = atSpan(context, expression.span);
  return unaryOf(expression.operator, value, context, at, expression.operand);
}

function unaryOf(operator: Unary['operator'], value: Value, context: Context, at: At, operand: Syntax): Value {
  if (value.kind === 'error') return failed;
  if (operator === 'not') {
    if (value.kind === 'scalar' && isCondition(value.expression, context.checker)) return scalar(not(value.expression));
    if (value.kind === 'tensor' && value.type.dtype === 'bool')
      return emit(context, at, { operator: 'not', inputs: [value], type: value.type, segments: value.segments });
    const mask = toMask(value);
    if (mask) {
      return {
        kind: 'mask',
        text: `not ${mask.text}`,
        resolve: (site) => {
          const inner = mask.resolve(site);
          return inner === undefined ? undefined : not(inner);
        },
      };
    }
  } else {
    if (value.kind === 'scalar')
      return { ...scalar(operate('negate', value.expression)), ...(value.vector && { vector: true }) };
    if (value.kind === 'tensor')
      return emit(context, at, { operator: 'negate', inputs: [value], type: value.type, segments: value.segments });
    if (liftable(value)) {
      const stage = instance.toStage(value, context, atSpan(context, operand.span));
      if (stage)
        return {
          ...stage,
          apply: (input, site) => unaryOf(operator, stage.apply(input, site), site.context, at, operand),
        };
    }
  }
  context.checker.report('wrong_kind', at, {
    expected: operator === 'not' ? 'a condition or a mask' : 'a number or a value',
    found: describe(value),
  });
  return failed;
}
