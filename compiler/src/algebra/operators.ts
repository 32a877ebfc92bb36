import type { Operator } from '../graph/graph.js';

/** What an expression evaluates to; `null` is the value of `none`. */
export type Value = number | boolean | string | null | readonly Value[];

const numeric: Partial<Record<Operator, (...x: number[]) => number>> = {
  add: (...x) => x.reduce((sum, term) => sum + term),
  subtract: (a, b) => a! - b!,
  multiply: (...x) => x.reduce((product, factor) => product * factor),
  divide: (a, b) => a! / b!,
  modulo: (a, b) => flooredModulo(a!, b!),
  power: (a, b) => a! ** b!,
  negate: (a) => -a!,
  floor: (a) => Math.floor(a!),
  ceil: (a) => Math.ceil(a!),
  round: (a) => Math.round(a!),
  sqrt: (a) => Math.sqrt(a!),
  exp: (a) => Math.exp(a!),
  log: (a) => Math.log(a!),
  log2: (a) => Math.log2(a!),
  abs: (a) => Math.abs(a!),
  sign: (a) => Math.sign(a!),
  sin: (a) => Math.sin(a!),
  cos: (a) => Math.cos(a!),
  tanh: (a) => Math.tanh(a!),
  sigmoid: (a) => 1 / (1 + Math.exp(-a!)),
  relu: (a) => Math.max(a!, 0),
  leaky_relu: (a, slope) => (a! < 0 ? (slope ?? 0.01) * a! : a!),
  minimum: (...x) => Math.min(...x),
  maximum: (...x) => Math.max(...x),
  clamp: (x, low, high) => Math.min(Math.max(x!, low!), high!),
};

const order: Partial<Record<Operator, (a: number, b: number) => boolean>> = {
  less: (a, b) => a < b,
  less_equal: (a, b) => a <= b,
  greater: (a, b) => a > b,
  greater_equal: (a, b) => a >= b,
};

const fewestOperands: Partial<Record<Operator, number>> = {
  subtract: 2,
  divide: 2,
  modulo: 2,
  power: 2,
  clamp: 3,
};

/** The remainder with the sign of the divisor, so that `(i - 1) % n` is an index. */
function flooredModulo(a: number, b: number): number {
  const rest = a % b;
  return rest !== 0 && rest < 0 !== b < 0 ? rest + b : rest;
}

/** Two values are equal, lists by their items. */
function sameValue(a: Value, b: Value): boolean {
  if (Array.isArray(a) && Array.isArray(b)) {
    return a.length === b.length && a.every((item, i) => sameValue(item, b[i]!));
  }
  return a === b;
}

/**
 * The operator's value in float64, `undefined` where an operand has the wrong kind, an index is out of range, or an
 * operand that decides is unknown. `and`, `or` and `if` need only the operands that decide.
 */
export function applyOperator(operator: Operator, values: readonly (Value | undefined)[]): Value | undefined {
  const [first, second, third] = values;
  switch (operator) {
    case 'and':
      return decide(values, false);
    case 'or':
      return decide(values, true);
    case 'not':
      return typeof first === 'boolean' ? !first : undefined;
    case 'if':
      return typeof first === 'boolean' ? (first ? second : third) : agreed(second, third);
    case 'equal':
    case 'not_equal':
      if (first === undefined || second === undefined) return undefined;
      return sameValue(first, second) === (operator === 'equal');
    case 'index':
      return Array.isArray(first) && typeof second === 'number' ? (first as readonly Value[])[second] : undefined;
    case 'length':
      return Array.isArray(first) ? first.length : undefined;
    default:
      return numberOperator(operator, values);
  }
}

function numberOperator(operator: Operator, values: readonly (Value | undefined)[]): number | boolean | undefined {
  const numbers = values.filter((value) => typeof value === 'number');
  if (numbers.length !== values.length || numbers.length < (fewestOperands[operator] ?? 1)) return undefined;
  const compare = order[operator];
  if (compare) return numbers.length === 2 ? compare(numbers[0]!, numbers[1]!) : undefined;
  const result = numeric[operator]?.(...numbers);
  return result === 0 ? 0 : result; // no −0
}

/** `and` and `or`: one operand of the deciding value is enough. */
function decide(values: readonly (Value | undefined)[], deciding: boolean): boolean | undefined {
  if (values.includes(deciding)) return deciding;
  return values.every((value) => value === !deciding) ? !deciding : undefined;
}

function agreed(a: Value | undefined, b: Value | undefined): Value | undefined {
  return a !== undefined && b !== undefined && sameValue(a, b) ? a : undefined;
}
