import { applyOperator } from '../../../algebra/operators.js';
import type { Operator } from '../../../graph/graph.js';
import type { Value } from '../builder.js';
import type { ElementType } from '../model.js';
import type { Ops } from '../ops.js';
import { type FormulaNumber, isScalar, type Scalar } from './context.js';
import { constantAs, isWhole } from './table.js';

type Meaning = (ops: Ops, operands: readonly FormulaNumber[]) => FormulaNumber;

/**
 * An operator of formulas on values that broadcast, at least one of them not known to the compiler. Positions are whole
 * numbers (int64), what is computed from them is real in double precision, as in the generated code; what is computed
 * from scores and tables is float.
 */
export function elementwise(ops: Ops, operator: Operator, operands: readonly FormulaNumber[]): FormulaNumber {
  const meaning = meanings[operator];
  if (!meaning) throw new Error(`a formula cannot use '${operator}'`);
  return meaning(ops, operands);
}

/** The value of an operator whose operands are all known. */
export function known(operator: Operator, operands: readonly Scalar[]): Scalar {
  const value = applyOperator(operator, operands);
  if (typeof value !== 'number' && typeof value !== 'boolean')
    throw new Error(`'${operator}' of ${operands.join(', ')} is no number`);
  return value;
}

/** An operator on operands that are known or not. */
export function operatorOn(ops: Ops, operator: Operator, operands: readonly FormulaNumber[]): FormulaNumber {
  return operands.every(isScalar) ? known(operator, operands) : elementwise(ops, operator, operands);
}

/** A number as a value of a type; what layers share, they share in that type too. */
export function as(ops: Ops, x: FormulaNumber, type: ElementType): Value {
  if (isScalar(x)) return ops.scalar(type === 'bool' ? Number(x !== false && x !== 0) : Number(x), type);
  if (x.type === type) return x;
  return constantAs(x, type, ops) ?? ops.builder.once(`${x.name} as ${type}`, () => ops.cast(x, type));
}

/** The type that numbers are computed in together. */
function common(operands: readonly FormulaNumber[]): ElementType {
  const types = operands.map((x) => (isScalar(x) ? (isWhole(Number(x)) ? 'int64' : 'double') : x.type));
  if (types.includes('float')) return 'float';
  return types.includes('double') ? 'double' : 'int64';
}

/** The same for operators that leave the whole numbers. */
const real = (operands: readonly FormulaNumber[]): ElementType => (common(operands) === 'float' ? 'float' : 'double');

const inType = (ops: Ops, operands: readonly FormulaNumber[], type: ElementType): Value[] =>
  operands.map((operand) => as(ops, operand, type));

/** `Add`, `Mul`, …, of two or more. */
const arithmetic =
  (operator: string): Meaning =>
  (ops, operands) =>
    inType(ops, operands, common(operands)).reduce((a, b) => ops.binary(operator, a, b));

const realArithmetic =
  (operator: string): Meaning =>
  (ops, operands) =>
    inType(ops, operands, real(operands)).reduce((a, b) => ops.binary(operator, a, b));

const unary =
  (operator: string): Meaning =>
  (ops, operands) =>
    ops.unary(operator, as(ops, operands[0]!, common(operands)));

const realUnary =
  (operator: string): Meaning =>
  (ops, operands) =>
    ops.unary(operator, as(ops, operands[0]!, real(operands)));

/** Whole numbers stay what they are. */
const rounding =
  (operator: string): Meaning =>
  (ops, operands) => {
    const type = common(operands);
    const x = as(ops, operands[0]!, type);
    return type === 'int64' ? x : ops.unary(operator, x);
  };

const comparison =
  (operator: string): Meaning =>
  (ops, operands) => {
    const conditions = operator === 'Equal' && operands.every(isCondition);
    const [a, b] = inType(ops, operands, conditions ? 'bool' : common(operands));
    return ops.compare(operator, a!, b!);
  };

const isCondition = (x: FormulaNumber): boolean => (isScalar(x) ? typeof x === 'boolean' : x.type === 'bool');

/** `And`, `Or`: operands that are known decide, or do not count. */
const logic =
  (operator: 'And' | 'Or'): Meaning =>
  (ops, operands) => {
    const deciding = operator === 'Or';
    if (operands.some((x) => isScalar(x) && Boolean(x) === deciding)) return deciding;
    const [first, ...rest] = operands.filter((x) => !isScalar(x)).map((x) => as(ops, x, 'bool'));
    return first ? rest.reduce((a, b) => ops.compare(operator, a, b), first) : !deciding;
  };

const and = logic('And');
const or = logic('Or');

function not(ops: Ops, [x]: readonly FormulaNumber[]): FormulaNumber {
  return isScalar(x!) ? !x : ops.not(as(ops, x!, 'bool'));
}

function choose(ops: Ops, [condition, a, b]: readonly FormulaNumber[]): FormulaNumber {
  if (isScalar(condition!)) return condition ? a! : b!;
  const arms = [a!, b!];
  if (arms.every(isCondition))
    // There is no `Where` of conditions in ONNX Runtime.
    return or(ops, [and(ops, [condition!, a!]), and(ops, [not(ops, [condition!]), b!])]);
  const [then, otherwise] = inType(ops, arms, common(arms));
  return ops.where(as(ops, condition!, 'bool'), then!, otherwise!);
}

/** With the sign of the divisor. */
function modulo(ops: Ops, operands: readonly FormulaNumber[]): FormulaNumber {
  const [x, divisor] = operands;
  // ONNX's own divides whole numbers by zero, where a real number is not a number.
  if (common(operands) === 'int64' && isScalar(divisor!) && Number(divisor) !== 0)
    return arithmetic('Mod')(ops, operands);
  const [a, b] = inType(ops, [x!, divisor!], real(operands));
  return ops.subtract(a!, ops.multiply(ops.unary('Floor', ops.divide(a!, b!)), b!));
}

/** ln x / ln 2, exact for powers of two. */
function log2(ops: Ops, operands: readonly FormulaNumber[]): FormulaNumber {
  const type = real(operands);
  const x = as(ops, operands[0]!, type);
  const result = ops.multiply(ops.unary('Log', x), ops.scalar(Math.LOG2E, type));
  const whole = ops.unary('Round', result);
  const isPower = ops.compare('Equal', ops.binary('Pow', ops.scalar(2, type), whole), x);
  return ops.where(isPower, whole, result);
}

function relu(ops: Ops, operands: readonly FormulaNumber[]): FormulaNumber {
  return common(operands) === 'int64' ? arithmetic('Max')(ops, [operands[0]!, 0]) : unary('Relu')(ops, operands);
}

function leakyRelu(ops: Ops, [x, slope = 0.01]: readonly FormulaNumber[]): FormulaNumber {
  const scaled = arithmetic('Mul')(ops, [x!, slope]);
  return choose(ops, [comparison('Greater')(ops, [x!, 0]), x!, scaled]);
}

const minimum = arithmetic('Min');
const maximum = arithmetic('Max');

const meanings: Readonly<Partial<Record<Operator, Meaning>>> = {
  add: arithmetic('Add'),
  subtract: arithmetic('Sub'),
  multiply: arithmetic('Mul'),
  divide: realArithmetic('Div'),
  modulo,
  power: realArithmetic('Pow'),
  negate: unary('Neg'),
  equal: comparison('Equal'),
  not_equal: (ops, operands) => not(ops, [comparison('Equal')(ops, operands)]),
  less: comparison('Less'),
  less_equal: comparison('LessOrEqual'),
  greater: comparison('Greater'),
  greater_equal: comparison('GreaterOrEqual'),
  and,
  or,
  not,
  if: choose,
  floor: rounding('Floor'),
  ceil: rounding('Ceil'),
  round: rounding('Round'), // halves to even
  sqrt: realUnary('Sqrt'),
  exp: realUnary('Exp'),
  log: realUnary('Log'),
  log2,
  abs: unary('Abs'),
  sign: unary('Sign'),
  sin: realUnary('Sin'),
  cos: realUnary('Cos'),
  tanh: realUnary('Tanh'),
  sigmoid: realUnary('Sigmoid'),
  relu,
  leaky_relu: leakyRelu,
  minimum,
  maximum,
  clamp: (ops, [x, low, high]) => minimum(ops, [maximum(ops, [x!, low!]), high!]),
};
