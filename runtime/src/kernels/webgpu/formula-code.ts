import type { FormulaOperator } from '../../formula/formula.js';

/** What a WGSL expression of a formula gives: `bool` or `f32`. */
export type CodeType = 'truth' | 'number';

export interface FormulaCode {
  readonly type: CodeType;
  readonly text: string;
}

/**
 * An expression as another type than its own: 1 and 0 stand for true and false. Some devices find NaN unequal to nothing: it is said
 * by `==`.
 */
export function codeAs({ type, text }: FormulaCode, wanted: CodeType): string {
  if (type === wanted) return text;
  return wanted === 'truth' ? `(!(${text} == 0.0))` : `f32(${text})`;
}

const comparisons: Readonly<Record<string, string>> = {
  equal: '==',
  less: '<',
  lessEqual: '<=',
  greater: '>',
  greaterEqual: '>=',
};

const signs: Readonly<Record<string, string>> = { add: '+', subtract: '-', multiply: '*', divide: '/' };

// Without branches: all that they read is there.
const joints: Readonly<Record<string, string>> = { and: '&', or: '|' };

/** What stands for the operators that are neither signs nor logic, of the code of their operands. */
export type CodeOfFunctions = Partial<Readonly<Record<FormulaOperator, (...operands: string[]) => string>>>;

/** WGSL of one operator of a formula; `operand` gives the code of one of its `count` operands. */
export function operatorCode(
  operator: FormulaOperator,
  count: number,
  operand: (place: number, as: CodeType) => string,
  functions: CodeOfFunctions,
): FormulaCode {
  const infix = (as: CodeType, sign: string) => `(${operand(0, as)} ${sign} ${operand(1, as)})`;
  const [comparison, sign, joint] = [comparisons[operator], signs[operator], joints[operator]];
  if (operator === 'notEqual') return { type: 'truth', text: `(!${infix('number', '==')})` };
  if (comparison) return { type: 'truth', text: infix('number', comparison) };
  if (sign) return { type: 'number', text: infix('number', sign) };
  if (joint) return { type: 'truth', text: infix('truth', joint) };
  if (operator === 'not') return { type: 'truth', text: `(!${operand(0, 'truth')})` };
  if (operator === 'negate') return { type: 'number', text: `(-${operand(0, 'number')})` };
  if (operator === 'if') {
    const [truth, then, otherwise] = [operand(0, 'truth'), operand(1, 'number'), operand(2, 'number')];
    return { type: 'number', text: `select(${otherwise}, ${then}, ${truth})` };
  }
  const call = functions[operator];
  if (!call) throw new Error(`there is no WGSL for the operator ${operator}`);
  return { type: 'number', text: call(...Array.from({ length: count }, (_, place) => operand(place, 'number'))) };
}

export function constantCode(value: number | boolean, as: CodeType): string {
  if (as === 'truth') return String(value !== 0 && value !== false);
  const rounded = Math.fround(Number(value));
  // What is not finite is no constant of WGSL: these are functions.
  if (Number.isNaN(rounded)) return 'notANumber()';
  if (!Number.isFinite(rounded)) return rounded < 0 ? '(-infinity())' : 'infinity()';
  return rounded < 0 ? `(${rounded}f)` : `${rounded}f`;
}
