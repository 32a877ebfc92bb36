import { elementsOf, type StepOperand, type StepOperator, type Steps } from '../../formula/steps.js';

/** A formula as runtime/assembly/formula.ts reads it: tensors are the first registers, constants the next ones. */
export interface FormulaProgram {
  /** The elements that it reads, in the order of their registers. */
  readonly elements: readonly number[];
  readonly constants: readonly number[];
  /** Of each step: operator, three registers that it reads, the one that it writes. */
  readonly operations: readonly number[];
  readonly registers: number;
}

/** As in runtime/assembly/formula.ts. */
const operatorNumber: Partial<Readonly<Record<StepOperator, number>>> = {
  add: 0,
  subtract: 1,
  multiply: 2,
  divide: 3,
  minimum: 4,
  maximum: 5,
  equal: 6,
  notEqual: 7,
  less: 8,
  lessEqual: 9,
  and: 10,
  or: 11,
  if: 12,
  not: 13,
  floor: 14,
  ceil: 15,
  round: 16,
  sqrt: 17,
  exp: 18,
  log: 19,
  abs: 20,
  tanh: 21,
  sigmoid: 22,
  sign: 23,
};

const programs = new WeakMap<Steps, FormulaProgram>();

export function formulaProgram(of: Steps): FormulaProgram {
  const known = programs.get(of) ?? assembled(of);
  programs.set(of, known);
  return known;
}

function assembled(of: Steps): FormulaProgram {
  const { steps } = of;
  const elements = elementsOf(of);
  const numbers = steps.flatMap(({ operands }) => operands.flatMap((each) => numberOf(each) ?? []));
  const constants = [...new Set(numbers)];
  const lastUse = steps.map((_, i) => steps.findLastIndex(({ operands }) => operands.some((each) => isStep(each, i))));
  const free: number[] = [];
  const registerOfStep: number[] = [];
  let registers = elements.length + constants.length;
  const registerOf = (each: StepOperand): number => {
    if (each.kind === 'element') return elements.indexOf(each.index);
    if (each.kind === 'constant') return elements.length + constants.indexOf(each.value);
    return registerOfStep[each.index]!;
  };
  const operations = steps.flatMap(({ operator, operands }, i) => {
    const [a = 0, b = 0, c = 0] = operands.map(registerOf);
    // What is read here for the last time may be written over: each number is read before.
    free.push(...registerOfStep.filter((_, step) => lastUse[step] === i));
    const to = free.pop() ?? registers++;
    registerOfStep.push(to);
    return [operatorNumber[operator]!, a, b, c, to];
  });
  return { elements, constants, operations, registers };
}

function numberOf(of: StepOperand): number | undefined {
  return of.kind === 'constant' ? of.value : undefined;
}

function isStep(of: StepOperand, step: number): boolean {
  return of.kind === 'step' && of.index === step;
}
