import type { Formula } from '../formula/formula.js';
import type { StepOperator, Steps } from '../formula/steps.js';

export interface ElementwiseAttributes {
  /** Element i is operand i; operands that it does not read are absent. */
  readonly formula: Formula;
  readonly steps: Steps;
  /** Of the result, to which the operands broadcast. */
  readonly shape: readonly number[];
}

/** Number i of the result reads number floor(i / each) % count of an operand. */
export interface Placement {
  readonly each: number;
  /** How many numbers the operand has. */
  readonly count: number;
}

/**
 * How an operand is read whose axes broadcast to those of a result: axes in one piece, with others before them, behind them or
 * both, over which it repeats. `undefined` where it also repeats over an axis between its own.
 */
export function placementOf(shape: readonly number[], result: readonly number[]): Placement | undefined {
  const own = [...Array<number>(result.length - shape.length).fill(1), ...shape];
  const first = own.findIndex((size) => size > 1);
  const last = own.findLastIndex((size) => size > 1);
  if (first < 0) return { each: product(result), count: 1 };
  for (let axis = first; axis <= last; axis++) if (own[axis] !== result[axis]) return undefined;
  return { each: product(result.slice(last + 1)), count: product(own) };
}

function product(sizes: readonly number[]): number {
  return sizes.reduce((all, size) => all * size, 1);
}

/** How many tensors a formula may read: with its result as many as a shader may bind on every device. */
export const mostElements = 7;

/** What has no vector function here that is right for arguments of every size: tfjs's kernels call the C library. */
const unknown: Readonly<Record<string, readonly StepOperator[]>> = { wasm: ['sin', 'cos', 'power'] };

/** Whether the kernel of a backend knows all operators of a formula. */
export function knowsSteps(backend: string, { steps }: Steps): boolean {
  return !steps.some(({ operator }) => unknown[backend]?.includes(operator));
}
