import type { Expression, Operator } from '../graph/graph.js';
import { type Environment, evaluate } from './evaluate.js';
import type { Value } from './operators.js';
import { print, printLiteral } from './print.js';
import { children } from './walk.js';

/** What is wrong with a size, and the part of the expression that is to blame. */
export interface SizeProblem {
  readonly problem: 'not_whole' | 'negative' | 'not_finite' | 'unknown';
  /** For messages: `width / heads is 100 / 12 = 8.333`. */
  readonly detail: string;
  /** The innermost part at fault, and the values of what is directly below it. */
  readonly at: Expression;
  readonly operands: readonly { readonly of: Expression; readonly value: number }[];
}

/** Below these a division is real: they make whole numbers, or are not counts at all. */
const real: ReadonlySet<Operator> = new Set<Operator>(
  'floor ceil round sqrt exp log log2 sign sin cos tanh sigmoid equal not_equal less less_equal greater greater_equal'.split(
    ' ',
  ) as Operator[],
);

/**
 * The value of a size, a count or an index: whole and not negative, every division in it exact, except below
 * `floor`, `ceil` and `round`.
 */
export function evaluateSize(
  expression: Expression,
  environment: Environment = {},
): { readonly value: number } | SizeProblem {
  const inner = failingDivision(expression, environment);
  if (inner) return inner;
  const value = evaluate(expression, environment);
  if (typeof value !== 'number') return problem('unknown', unknownPart(expression, environment), environment);
  if (!Number.isFinite(value)) return problem('not_finite', expression, environment);
  if (!Number.isInteger(value)) return problem('not_whole', expression, environment);
  return value < 0 ? problem('negative', expression, environment) : { value };
}

function problem(kind: SizeProblem['problem'], at: Expression, environment: Environment): SizeProblem {
  const operands = children(at).flatMap((of) => {
    const value = evaluate(of, environment);
    return typeof value === 'number' ? [{ of, value }] : [];
  });
  return { problem: kind, detail: describe(kind, at, environment), at, operands };
}

function describe(kind: SizeProblem['problem'], at: Expression, environment: Environment): string {
  const text = print(at);
  if (kind === 'unknown') return `${text} is not known`;
  const below = children(at).map((child) => evaluate(child, environment));
  const literal = below.every((value) => typeof value === 'number') ? print(rebuildPlain(at, below as number[])) : text;
  const value = printLiteral(rounded(evaluate(at, environment) ?? null));
  return [text, literal, value]
    .filter((part, i, all) => all.indexOf(part) === i)
    .join(' = ')
    .replace(' = ', ' is ');
}

/** The operator on numbers, not folded: `100 / 12`. */
const rebuildPlain = (at: Expression, operands: readonly number[]): Expression =>
  typeof at === 'object' && at.kind === 'operator' ? { ...at, operands } : at;

const rounded = (value: Value): Value => (typeof value === 'number' ? Number(value.toPrecision(6)) : value);

/** The innermost division that is not whole or divides by zero, in the arms of `if` that count. */
function failingDivision(expression: Expression, environment: Environment): SizeProblem | undefined {
  if (typeof expression !== 'object' || expression.kind !== 'operator' || real.has(expression.operator))
    return undefined;
  for (const operand of sizeOperands(expression, environment)) {
    const below = failingDivision(operand, environment);
    if (below) return below;
  }
  if (expression.operator !== 'divide') return undefined;
  const value = evaluate(expression, environment);
  if (typeof value !== 'number' || Number.isInteger(value)) return undefined;
  return problem(Number.isFinite(value) ? 'not_whole' : 'not_finite', expression, environment);
}

/** Without the condition and the arm not taken of an `if`. */
function sizeOperands(
  expression: Extract<Expression, { readonly kind: 'operator' }>,
  environment: Environment,
): readonly Expression[] {
  if (expression.operator !== 'if') return expression.operands;
  const [condition, then, otherwise] = expression.operands;
  const value = condition === undefined ? undefined : evaluate(condition, environment);
  if (then === undefined || otherwise === undefined || typeof value !== 'boolean') return [];
  return [value ? then : otherwise];
}

/** The deepest part whose value is unknown although everything below it is known, or a name that is unknown. */
function unknownPart(expression: Expression, environment: Environment): Expression {
  for (const child of children(expression)) {
    if (evaluate(child, environment) === undefined) return unknownPart(child, environment);
  }
  return expression;
}

/** A division that must be exact, and the conditions (of `if`s around it) under which it counts. */
export interface ExactDivision {
  readonly division: Extract<Expression, { readonly kind: 'operator' }>;
  readonly when: readonly { readonly condition: Expression; readonly holds: boolean }[];
}

/** Every division of a size that a configuration must make whole, innermost first. */
export function exactDivisions(expression: Expression, when: ExactDivision['when'] = []): readonly ExactDivision[] {
  if (typeof expression !== 'object' || expression.kind !== 'operator' || real.has(expression.operator)) return [];
  if (expression.operator === 'if') {
    const [condition, then, otherwise] = expression.operands;
    if (condition === undefined || then === undefined || otherwise === undefined) return [];
    return [
      ...exactDivisions(then, [...when, { condition, holds: true }]),
      ...exactDivisions(otherwise, [...when, { condition, holds: false }]),
    ];
  }
  const below = expression.operands.flatMap((operand) => exactDivisions(operand, when));
  return expression.operator === 'divide' ? [...below, { division: expression, when }] : below;
}
