import type { Expression, Operator } from '../graph/graph.js';
import { type Environment, evaluate } from './evaluate.js';
import type { Value } from './operators.js';

/** How tightly a form binds, loosest first, as in the grammar. */
const binding = {
  if: 0,
  or: 1,
  and: 2,
  not: 3,
  comparison: 4,
  sum: 5,
  product: 6,
  negate: 7,
  power: 8,
  atom: 9,
} as const;

interface Infix {
  readonly symbol: string;
  readonly level: number;
  /** The level that an operand on this side needs to go without parentheses. */
  readonly left: number;
  readonly right: number;
}

const infix = (symbol: string, level: number, left = level, right = level + 1): Infix => ({
  symbol,
  level,
  left,
  right,
});

const infixes: Partial<Record<Operator, Infix>> = {
  or: infix('or', binding.or, binding.or, binding.or),
  and: infix('and', binding.and, binding.and, binding.and),
  equal: infix('==', binding.comparison, binding.sum),
  not_equal: infix('!=', binding.comparison, binding.sum),
  less: infix('<', binding.comparison, binding.sum),
  less_equal: infix('<=', binding.comparison, binding.sum),
  greater: infix('>', binding.comparison, binding.sum),
  greater_equal: infix('>=', binding.comparison, binding.sum),
  add: infix('+', binding.sum),
  subtract: infix('-', binding.sum),
  multiply: infix('*', binding.product),
  divide: infix('/', binding.product),
  modulo: infix('%', binding.product),
  power: infix('**', binding.power, binding.atom, binding.negate),
};

/** Functions whose name in tfm is not the operator's. */
const functionNames: Partial<Record<Operator, string>> = { minimum: 'min', maximum: 'max' };

const constants = { pi: 'pi', infinity: 'inf', none: 'none' } as const;
const axes = { head: 'head', query: 'q', key: 'k' } as const;
const elements = ['x', 'y', 'z'];

interface Printed {
  readonly text: string;
  readonly level: number;
}

/** The expression in tfm, with as few parentheses as possible: `(size / patch) ** 2 + 1`. */
export function print(expression: Expression): string {
  return form(expression).text;
}

const atom = (text: string): Printed => ({ text, level: binding.atom });
const commas = (parts: readonly Expression[]): string => parts.map(print).join(', ');

function form(expression: Expression): Printed {
  if (typeof expression === 'number') return number(expression);
  if (typeof expression === 'boolean') return atom(String(expression));
  switch (expression.kind) {
    case 'constant':
      return atom(constants[expression.name]);
    case 'string':
      return atom(JSON.stringify(expression.value));
    case 'parameter':
    case 'dimension':
    case 'local':
      return atom(expression.name);
    case 'list':
      return atom(`[${commas(expression.items)}]`);
    case 'apply':
      return atom(`${expression.formula}(${commas(expression.arguments)})`);
    case 'axis':
      return atom(axes[expression.axis]);
    case 'score':
      return atom('s');
    case 'vector':
      return atom(expression.of);
    case 'element':
      return atom(elements[expression.index] ?? `x${expression.index}`);
    case 'lookup':
      return atom(`${expression.value}[${commas(expression.indices)}]`);
    case 'operator':
      return operator(expression.operator, expression.operands);
  }
}

function number(value: number): Printed {
  if (value === Number.POSITIVE_INFINITY) return atom('inf');
  if (value === Number.NEGATIVE_INFINITY) return { text: '-inf', level: binding.negate };
  return { text: String(value).replace('e+', 'e'), level: value < 0 ? binding.negate : binding.atom };
}

function operator(name: Operator, operands: readonly Expression[]): Printed {
  const [first, second, third] = operands;
  if (name === 'if' && first !== undefined && second !== undefined && third !== undefined) {
    return {
      text: `if ${at(first, binding.or)} then ${at(second, binding.or)} else ${print(third)}`,
      level: binding.if,
    };
  }
  if (name === 'not' && first !== undefined) return { text: `not ${at(first, binding.not)}`, level: binding.not };
  if (name === 'negate' && first !== undefined) return { text: `-${at(first, binding.power)}`, level: binding.negate };
  if (name === 'index' && first !== undefined && second !== undefined) {
    return atom(`${at(first, binding.atom)}[${print(second)}]`);
  }
  const shape = infixes[name];
  if (!shape || operands.length < 2) return atom(`${functionNames[name] ?? name}(${commas(operands)})`);
  return operands.slice(1).reduce<Printed>((left, right) => chain(shape, left, right), form(operands[0]!));
}

function chain(shape: Infix, left: Printed, right: Expression): Printed {
  const written = enclose(left, shape.left);
  if (shape.symbol === '+' && typeof right === 'number' && right < 0) {
    return { text: `${written} - ${number(-right).text}`, level: shape.level };
  }
  return { text: `${written} ${shape.symbol} ${at(right, shape.right)}`, level: shape.level };
}

const at = (expression: Expression, level: number): string => enclose(form(expression), level);

const enclose = ({ text, level }: Printed, needed: number): string => (level < needed ? `(${text})` : text);

/** `width = 768`, `4 * width = 3072`; only `768` for a literal, only `width` where the value is not known. */
export function printValue(expression: Expression, environment: Environment): string {
  const text = print(expression);
  const value = evaluate(expression, environment);
  const written = value === undefined ? text : printLiteral(value);
  return written === text ? text : `${text} = ${written}`;
}

export function printLiteral(value: Value): string {
  if (value === null) return 'none';
  if (typeof value === 'number') return number(value).text;
  if (typeof value === 'string') return JSON.stringify(value);
  return typeof value === 'boolean' ? String(value) : `[${value.map(printLiteral).join(', ')}]`;
}
