import { f } from './builders.js';
import type { Formula } from './formula.js';
import type { Step, StepOperand, Steps } from './steps.js';

/**
 * The derivative of a formula by one of its elements, times `dy`, by the rules of tfjs's operators: comparisons and rounding are flat, of
 * two equal numbers the first is the smaller and the larger one. `undefined` where it is 0 everywhere.
 */
export function derivative({ steps }: Steps, element: number, dy: Formula): Formula | undefined {
  const values: Formula[] = [];
  const formulaOf = (of: StepOperand): Formula => {
    if (of.kind === 'constant') return f.constant(of.value);
    return of.kind === 'element' ? f.element(of.index) : values[of.index]!;
  };
  for (const { operator, operands } of steps)
    values.push({ kind: 'operator', operator, operands: operands.map(formulaOf) });
  // From the result back: what each step and the element add to it, times dy.
  const slopes: (Formula | undefined)[] = steps.map(() => undefined);
  slopes[steps.length - 1] = dy;
  let result: Formula | undefined;
  for (const [i, step] of [...steps.entries()].reverse()) {
    const above = slopes[i];
    if (!above) continue;
    const below = slopesBelow(step.operator, above, step.operands.map(formulaOf), values[i]!);
    for (const [place, of] of step.operands.entries()) {
      const slope = below[place]?.();
      if (!slope) continue;
      if (of.kind === 'step') slopes[of.index] = sum(slopes[of.index], slope);
      else if (of.kind === 'element' && of.index === element) result = sum(result, slope);
    }
  }
  return result;
}

function sum(a: Formula | undefined, b: Formula): Formula {
  return a ? f.add(a, b) : b;
}

/** For each operand of a step what it adds to the result, given what the step adds; `y` is the value of the step. */
function slopesBelow(
  operator: Step['operator'],
  dy: Formula,
  operands: readonly Formula[],
  y: Formula,
): readonly (() => Formula | undefined)[] {
  const [a, b] = operands as readonly [Formula, Formula];
  const times = (factor: Formula) => () => f.multiply(dy, factor);
  const where = (condition: Formula) => () => f.if(condition, dy, 0);
  const unless = (condition: Formula) => () => f.if(condition, 0, dy);
  const nothing = () => undefined;
  switch (operator) {
    case 'add':
      return [() => dy, () => dy];
    case 'subtract':
      return [() => dy, () => f.negate(dy)];
    case 'multiply':
      return [times(b), times(a)];
    case 'divide':
      return [() => f.divide(dy, b), () => f.negate(f.divide(f.multiply(dy, y), b))];
    case 'power':
      return [
        times(f.multiply(b, f.power(a, f.subtract(b, 1)))),
        times(f.if(f.less(0, a), f.multiply(y, f.log(a)), 0)),
      ];
    case 'minimum':
      return [where(f.lessEqual(a, b)), unless(f.lessEqual(a, b))];
    case 'maximum':
      return [where(f.lessEqual(b, a)), unless(f.lessEqual(b, a))];
    case 'if':
      return [nothing, where(a), unless(a)];
    case 'sqrt':
      return [() => f.divide(dy, f.multiply(2, y))];
    case 'exp':
      return [times(y)];
    case 'log':
      return [() => f.divide(dy, a)];
    case 'abs':
      return [times(f.sign(a))];
    case 'sin':
      return [times(f.cos(a))];
    case 'cos':
      return [times(f.negate(f.sin(a)))];
    case 'tanh':
      return [times(f.subtract(1, f.multiply(y, y)))];
    case 'sigmoid':
      return [times(f.multiply(y, f.subtract(1, y)))];
    default:
      return [];
  }
}
