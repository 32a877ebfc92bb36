import { walk } from '../../algebra/walk.js';
import type { Expression, FormulaDeclaration, Operator } from '../../graph/graph.js';
import { stringLiteral } from './text.js';

/** What the names in a scalar expression are in the code around it. Asking for a name counts as its use. */
export interface ExpressionNames {
  parameter(name: string): string;
  local(name: string): string;
  dimension(name: string): string;
  /** Whether the parameter may be `none`. */
  optional(name: string): boolean;
  formula(name: string): FormulaDeclaration;
}

/** Binding strength as in JavaScript; operands that bind less are put in parentheses. */
const STRENGTH = { condition: 1, or: 2, and: 3, equality: 4, comparison: 5, sum: 6, product: 7, unary: 8, power: 9 };
const ATOM = 10;

const INFIX: Partial<Record<Operator, readonly [symbol: string, strength: number]>> = {
  or: ['||', STRENGTH.or],
  and: ['&&', STRENGTH.and],
  equal: ['===', STRENGTH.equality],
  not_equal: ['!==', STRENGTH.equality],
  less: ['<', STRENGTH.comparison],
  less_equal: ['<=', STRENGTH.comparison],
  greater: ['>', STRENGTH.comparison],
  greater_equal: ['>=', STRENGTH.comparison],
  add: ['+', STRENGTH.sum],
  subtract: ['-', STRENGTH.sum],
  multiply: ['*', STRENGTH.product],
  divide: ['/', STRENGTH.product],
  modulo: ['%', STRENGTH.product],
  power: ['**', STRENGTH.power],
};

const MATH: Partial<Record<Operator, string>> = {
  floor: 'Math.floor',
  ceil: 'Math.ceil',
  round: 'Math.round',
  sqrt: 'Math.sqrt',
  exp: 'Math.exp',
  log: 'Math.log',
  log2: 'Math.log2',
  abs: 'Math.abs',
  sign: 'Math.sign',
  sin: 'Math.sin',
  cos: 'Math.cos',
  tanh: 'Math.tanh',
  minimum: 'Math.min',
  maximum: 'Math.max',
};

interface Printed {
  readonly text: string;
  readonly strength: number;
}

const atom = (text: string): Printed => ({ text, strength: ATOM });

/** A scalar expression (known when the configuration is known) as TypeScript. */
export function scalar(expression: Expression, names: ExpressionNames): string {
  return print(expression, names).text;
}

/** The same as the condition in front of `?`. */
export function condition(expression: Expression, names: ExpressionNames): string {
  return operand(expression, STRENGTH.or, names);
}

/** The same, in parentheses where it stands beside an operator of `strength`. */
function operand(expression: Expression, strength: number, names: ExpressionNames): string {
  const printed = print(expression, names);
  const asserted = isOptional(expression, names) ? `${printed.text}!` : printed.text;
  return printed.strength < strength ? `(${asserted})` : asserted;
}

function isOptional(expression: Expression, names: ExpressionNames): boolean {
  return typeof expression === 'object' && expression.kind === 'parameter' && names.optional(expression.name);
}

function print(expression: Expression, names: ExpressionNames): Printed {
  if (typeof expression === 'boolean') return atom(String(expression));
  if (typeof expression === 'number') return number(expression);
  switch (expression.kind) {
    case 'constant':
      return atom({ pi: 'Math.PI', infinity: 'Infinity', none: 'null' }[expression.name]);
    case 'string':
      return atom(stringLiteral(expression.value));
    case 'parameter':
      return atom(names.parameter(expression.name));
    case 'local':
      return atom(names.local(expression.name));
    case 'dimension':
      return atom(names.dimension(expression.name));
    case 'list':
      return atom(`[${expression.items.map((item) => scalar(item, names)).join(', ')}]`);
    case 'operator':
      return printOperator(expression.operator, expression.operands, names);
    case 'apply':
      return print(inlined(names.formula(expression.formula), expression.arguments), names);
    default:
      throw new Error(`'${expression.kind}' cannot be part of a scalar expression`);
  }
}

function number(value: number): Printed {
  if (Number.isNaN(value)) return atom('NaN');
  return { text: String(value), strength: value < 0 || Object.is(value, -0) ? STRENGTH.unary : ATOM };
}

function printOperator(operator: Operator, operands: readonly Expression[], names: ExpressionNames): Printed {
  const infix = INFIX[operator];
  if (infix !== undefined) return printInfix(operator, infix, operands, names);
  const at = (index: number, strength: number) => operand(operands[index] ?? 0, strength, names);
  const math = MATH[operator];
  if (math !== undefined) return atom(`${math}(${operands.map((_, index) => at(index, 0)).join(', ')})`);
  switch (operator) {
    case 'negate':
      return { text: `-${at(0, ATOM)}`, strength: STRENGTH.unary };
    case 'not':
      return { text: `!${at(0, ATOM)}`, strength: STRENGTH.unary };
    case 'if':
      return {
        text: `${at(0, STRENGTH.or)} ? ${at(1, STRENGTH.condition)} : ${at(2, STRENGTH.condition)}`,
        strength: STRENGTH.condition,
      };
    case 'index':
      return atom(`${at(0, ATOM)}[${at(1, 0)}]!`);
    case 'length':
      return atom(`${at(0, ATOM)}.length`);
    case 'clamp':
      return atom(`Math.min(Math.max(${at(0, 0)}, ${at(1, 0)}), ${at(2, 0)})`);
    case 'sigmoid':
      return { text: `1 / (1 + Math.exp(-${at(0, ATOM)}))`, strength: STRENGTH.product };
    case 'relu':
      return atom(`Math.max(0, ${at(0, 0)})`);
    case 'leaky_relu':
      return {
        text: `${at(0, STRENGTH.sum)} > 0 ? ${at(0, 0)} : ${at(1, STRENGTH.product)} * ${at(0, STRENGTH.unary)}`,
        strength: STRENGTH.condition,
      };
    default:
      throw new Error(`'${operator}' cannot be part of a scalar expression`);
  }
}

function printInfix(
  operator: Operator,
  [symbol, strength]: readonly [string, number],
  operands: readonly Expression[],
  names: ExpressionNames,
): Printed {
  // Comparing with `none` is the one place where an optional parameter stands as it is.
  const tested = operator === 'equal' || operator === 'not_equal';
  const side = (expression: Expression, least: number) =>
    tested && isOptional(expression, names) ? print(expression, names).text : operand(expression, least, names);
  const [left = 0, right = 0, ...more] = operands;
  // `**` is right-associative and takes no unary minus on its left.
  const power = operator === 'power';
  const text = `${side(left, power ? ATOM : strength)} ${symbol} ${side(right, power ? strength : strength + 1)}`;
  if (operator === 'modulo' && mayBeNegative(left)) return floored(text, side(right, STRENGTH.sum), symbol);
  return { text: [text, ...more.map((item) => side(item, strength + 1))].join(` ${symbol} `), strength };
}

/** The remainder has the sign of the divisor, as in the spec: `(i - 1) % n` is an index. */
function floored(remainder: string, divisor: string, symbol: string): Printed {
  return { text: `(${remainder} + ${divisor}) ${symbol} ${divisor}`, strength: STRENGTH.product };
}

function mayBeNegative(expression: Expression): boolean {
  for (const part of walk(expression)) {
    if (typeof part === 'number' && part < 0) return true;
    if (typeof part === 'object' && part.kind === 'operator' && /^(subtract|negate)$/.test(part.operator)) return true;
  }
  return false;
}

/** The body of a formula with the arguments in place of its parameters. */
export function inlined(formula: FormulaDeclaration, given: readonly Expression[]): Expression {
  const values = new Map(formula.parameters.map(({ name }, index) => [name, given[index] ?? 0] as const));
  return substitute(formula.expression, (leaf) => {
    if (leaf.kind === 'local') return values.get(leaf.name);
    if (leaf.kind === 'element') return given[leaf.index];
    return undefined;
  });
}

type Composite = Exclude<Expression, number | boolean>;

/** `expression` with some leaves replaced. */
export function substitute(expression: Expression, leaf: (leaf: Composite) => Expression | undefined): Expression {
  if (typeof expression !== 'object') return expression;
  const each = (list: readonly Expression[]) => list.map((item) => substitute(item, leaf));
  switch (expression.kind) {
    case 'list':
      return { ...expression, items: each(expression.items) };
    case 'operator':
      return { ...expression, operands: each(expression.operands) };
    case 'apply':
      return { ...expression, arguments: each(expression.arguments) };
    case 'lookup':
      return { ...expression, indices: each(expression.indices) };
    default:
      return leaf(expression) ?? expression;
  }
}
