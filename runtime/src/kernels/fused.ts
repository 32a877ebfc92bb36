import type { NamedAttrMap, NamedTensorMap, Tensor } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';

/** A tensor that an operator reads; some may be absent (a bias, a mask). */
export type Operand<T = Tensor> = T | undefined;

/** An operator that a backend may have as one kernel of its own. */
export interface FusedOperator<Attributes extends object> {
  /** The name under which backends register it with tfjs. */
  readonly kernel: string;
  /** The same of stock operators: the reference, what other backends run, and what the gradient is taken of. */
  readonly composition: (operands: readonly Operand[], attributes: Attributes) => Tensor;
  /** Places of operands that nothing is learned from (masks): their gradient is 0. */
  readonly constants?: readonly number[];
  /** The gradient for each operand that is present, in their order, where there is a faster way than the composition's. */
  readonly gradient?: (dy: Tensor, operands: readonly Operand[], attributes: Attributes) => readonly (() => Tensor)[];
}

/** What a kernel is given beside its attributes: which of the operands are present. */
export type WithPresence<Attributes> = Attributes & { readonly present: readonly boolean[] };

/** Whether the active backend has a kernel for these operands. Empty ones, and other numbers than float32, are left to tfjs. */
export function hasKernel(kernel: string, operands: readonly Operand[]): boolean {
  if (!tf.getKernel(kernel, tf.getBackend())) return false;
  return operands.every((operand) => !operand || (operand.dtype === 'float32' && operand.size > 0));
}

/** Runs the kernel of the active backend, or the composition where it has none. Both are differentiable. */
export function runFused<Attributes extends object>(
  operator: FusedOperator<Attributes>,
  operands: readonly Operand[],
  attributes: Attributes,
): Tensor {
  if (!hasKernel(operator.kernel, operands)) return tf.tidy(() => operator.composition(operands, attributes));
  registerGradient(operator);
  const inputs = presentOf(operands) as unknown as NamedTensorMap; // tfjs takes lists, its types do not say so
  const present = operands.map((operand) => operand !== undefined);
  return tf.engine().runKernel(operator.kernel, inputs, { ...attributes, present } as unknown as NamedAttrMap);
}

/** Puts operands back to their places. */
export function placed<T>(inputs: readonly T[], present: readonly boolean[]): Operand<T>[] {
  let next = 0;
  return present.map((isPresent) => (isPresent ? inputs[next++] : undefined));
}

function presentOf(operands: readonly Operand[]): Tensor[] {
  return operands.filter((operand) => operand !== undefined);
}

function registerGradient<Attributes extends object>(operator: FusedOperator<Attributes>): void {
  if (tf.getGradient(operator.kernel)) return;
  tf.registerGradient({
    kernelName: operator.kernel,
    saveAllInputs: true,
    gradFunc: (dy, saved, attributes) => {
      const given = attributes as unknown as WithPresence<Attributes>;
      const operands = placed(saved, given.present);
      const gradient = operator.gradient ?? ((...of) => gradientOfComposition(operator, ...of));
      return Object.fromEntries(gradient(dy as Tensor, operands, given).entries());
    },
  });
}

/** The gradient of the composition, recomputed from the operands: for those that are present, in their order. */
export function gradientOfComposition<Attributes extends object>(
  { composition, constants = [] }: FusedOperator<Attributes>,
  dy: Tensor,
  operands: readonly Operand[],
  attributes: Attributes,
): (() => Tensor)[] {
  const learns = operands.map((operand, place) => operand !== undefined && !constants.includes(place));
  const learned = operands.filter((operand, place): operand is Tensor => operand !== undefined && learns[place]!);
  const of = (...inputs: Tensor[]) => {
    const given = placed(inputs, learns);
    return composition(
      operands.map((operand, place) => given[place] ?? operand),
      attributes,
    );
  };
  const gradients = placed(
    besideTape(() => tf.grads(of)(learned, dy)),
    learns,
  );
  return operands.flatMap((operand, place) => {
    const gradient = gradients[place];
    return operand ? [() => gradient ?? tf.zerosLike(operand)] : [];
  });
}

/** tfjs drops its tape at the end of `tf.grads`, also at the end of one that runs inside the gradient of another. */
function besideTape<T>(run: () => T): T {
  const { state } = tf.engine();
  const { activeTape } = state;
  try {
    return run();
  } finally {
    state.activeTape = activeTape;
  }
}
