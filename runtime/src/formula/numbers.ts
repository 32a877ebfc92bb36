import type { FormulaOperator } from './formula.js';

/** The meaning of every operator on plain numbers; 1 and 0 stand for true and false. */
export const onNumbers: Readonly<Record<Exclude<FormulaOperator, 'dot'>, (...operands: number[]) => number>> = {
  add: (a, b) => a! + b!,
  subtract: (a, b) => a! - b!,
  multiply: (a, b) => a! * b!,
  divide: (a, b) => a! / b!,
  modulo: (a, b) => a! - Math.floor(a! / b!) * b!,
  power: (a, b) => a! ** b!,
  negate: (x) => -x!,
  equal: (a, b) => Number(a === b),
  notEqual: (a, b) => Number(a !== b),
  less: (a, b) => Number(a! < b!),
  lessEqual: (a, b) => Number(a! <= b!),
  greater: (a, b) => Number(a! > b!),
  greaterEqual: (a, b) => Number(a! >= b!),
  and: (a, b) => Number(a !== 0 && b !== 0),
  or: (a, b) => Number(a !== 0 || b !== 0),
  not: (x) => Number(x === 0),
  if: (condition, a, b) => (condition !== 0 ? a! : b!),
  floor: (x) => Math.floor(x!),
  ceil: (x) => Math.ceil(x!),
  round: (x) => roundHalfToEven(x!),
  sqrt: (x) => Math.sqrt(x!),
  exp: (x) => Math.exp(x!),
  log: (x) => Math.log(x!),
  log2: (x) => Math.log2(x!),
  abs: (x) => Math.abs(x!),
  sign: (x) => Math.sign(x!),
  sin: (x) => Math.sin(x!),
  cos: (x) => Math.cos(x!),
  tanh: (x) => Math.tanh(x!),
  sigmoid: (x) => 1 / (1 + Math.exp(-x!)),
  relu: (x) => Math.max(x!, 0),
  leakyRelu: (x, slope) => (x! > 0 ? x! : slope! * x!),
  minimum: (a, b) => Math.min(a!, b!),
  maximum: (a, b) => Math.max(a!, b!),
  clamp: (x, low, high) => Math.min(Math.max(x!, low!), high!),
};

/** As tfjs and PyTorch round. */
function roundHalfToEven(x: number): number {
  const down = Math.floor(x);
  const over = x - down;
  if (over < 0.5) return down;
  return over > 0.5 || down % 2 !== 0 ? down + 1 : down;
}
