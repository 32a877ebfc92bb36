import type { NamedAttrMap, NamedTensorMap, Tensor, TensorInfo } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import { ownName } from './own-name.js';

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
  /**
   * The gradient for each operand that is present, in their order, where there is a faster way than the composition's;
   * `results` are those of the kernel, where it has several. Not asked for where the gradient itself has a gradient: that is
   * taken of the composition.
   */
  readonly gradient?: (
    dy: Tensor,
    operands: readonly Operand[],
    attributes: Attributes,
    results: readonly Tensor[],
  ) => readonly (() => Tensor)[];
  /** The kernel may have a second result, for its gradient alone; without it the gradient is the composition's. */
  readonly keepsResults?: boolean;
}

/** What a kernel is given beside its attributes: which of the operands are present. */
export type WithPresence<Attributes> = Attributes & { readonly present: readonly boolean[] };

/** Whether the active backend has a kernel for these operands. Empty ones, and other numbers than float32, are left to tfjs. */
export function hasKernel(kernel: string, operands: readonly Operand[]): boolean {
  if (!tf.getKernel(ownName(kernel), tf.getBackend())) return false;
  return operands.every((operand) => !operand || (operand.dtype === 'float32' && operand.size > 0));
}

/** Runs the kernel of the active backend, or the composition where it has none. Both are differentiable. */
export function runFused<Attributes extends object>(
  operator: FusedOperator<Attributes>,
  operands: readonly Operand[],
  attributes: Attributes,
): Tensor {
  const direct = runDirectly(operator.kernel, operands, attributes);
  if (direct) return direct[0]!;
  if (!hasKernel(operator.kernel, operands)) return tf.tidy(() => operator.composition(operands, attributes));
  registerGradient(operator);
  const inputs = presentOf(operands) as unknown as NamedTensorMap; // tfjs takes lists, its types do not say so
  const results = tf.engine().runKernel(ownName(operator.kernel), inputs, withPresence(attributes, operands));
  return (Array.isArray(results) ? results[0] : results) as Tensor;
}

/**
 * What a kernel is given. Attributes that say where in a generation a step is are accessors and stay so, because a kernel that
 * is replayed asks again; a gradient is taken later, and gets what they say now.
 */
export function withPresence(attributes: object, operands: readonly Operand[]): NamedAttrMap {
  const present = operands.map((operand) => operand !== undefined);
  const given = isTapeOn() ? { ...attributes, present } : withProperty(attributes, present);
  return given as unknown as NamedAttrMap;
}

function withProperty(attributes: object, present: readonly boolean[]): object {
  return Object.defineProperties({ present }, Object.getOwnPropertyDescriptors(attributes));
}

/** Whether what runs now is recorded for a gradient. */
export function isTapeOn(): boolean {
  return tf.engine().isTapeOn();
}

/** A kernel of a backend as it is, without what tfjs does around kernels. */
export type DirectKernel = (operands: readonly Operand[], attributes: object) => TensorInfo | TensorInfo[];

const directKernels = new Map<string, ReadonlyMap<string, DirectKernel>>();

/** Tells which of the kernels that a backend registers may be run directly. */
export function setDirectKernels(backend: string, kernels: ReadonlyMap<string, DirectKernel>): void {
  directKernels.set(backend, kernels);
}

/**
 * The kernel's results where neither a gradient nor a profile is recorded, and a backend has said that it may. When a token is
 * decoded, hundreds of small operators run once: what tfjs does around each costs more than some of them.
 *
 * @param ids The operand that is int32, where there is one; all others are float32.
 */
export function runDirectly(
  kernel: string,
  operands: readonly Operand[],
  attributes: object,
  ids?: Tensor,
): Tensor[] | undefined {
  const engine = tf.engine();
  const run = directKernels.get(engine.backendName)?.get(kernel);
  if (!run || !runsDirectly()) return undefined;
  // Asking for `dataId` computes what was put off (lazy/tensor.ts): now, because a kernel that has begun holds scratch memory.
  for (const operand of operands) {
    const dtype = operand === ids ? 'int32' : 'float32';
    if (operand && (operand.dtype !== dtype || operand.size === 0 || !operand.dataId)) return undefined;
  }
  const results = run(operands, attributes);
  if (!Array.isArray(results)) return [engine.makeTensorFromTensorInfo(results)];
  return results.map((result) => engine.makeTensorFromTensorInfo(result));
}

/** Whether the active backend's kernels are run directly now: it has some, and neither a gradient nor a profile is recorded. */
export function runsDirectly(): boolean {
  const { backendName, state } = tf.engine();
  return directKernels.has(backendName) && state.gradientDepth === 0 && !state.profiling;
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
  const kernelName = ownName(operator.kernel);
  if (tf.getGradient(kernelName)) return;
  tf.registerGradient({
    kernelName,
    saveAllInputs: true,
    ...(operator.keepsResults ? { outputsToSave: [true, true] } : {}),
    gradFunc: (dys, saved, attributes) => {
      const given = attributes as unknown as WithPresence<Attributes>;
      const operands = placed(saved, given.present);
      const dy = (Array.isArray(dys) ? dys[0] : dys) as Tensor;
      const results = saved.slice(presentOf(operands).length);
      const gradients =
        operator.gradient && !isTapeOn() && !(operator.keepsResults && results.length < 2)
          ? operator.gradient(dy, operands, given, results)
          : gradientOfComposition(operator, dy, operands, given);
      return Object.fromEntries(gradients.entries());
    },
  });
}

/**
 * Gradients that one kernel makes together, when the first of them is asked for. They belong to whatever was running when this
 * was called: what asks for the first gives back all that it made but that one.
 */
export function together(run: () => readonly Tensor[]): (place: number) => () => Tensor {
  const { state } = tf.engine();
  const { activeScope } = state;
  let results: readonly Tensor[] | undefined;
  return (place) => () => {
    if (!results) {
      const own = state.activeScope;
      state.activeScope = activeScope;
      try {
        results = run();
      } finally {
        state.activeScope = own;
      }
    }
    return results[place]!;
  };
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
export function besideTape<T>(run: () => T): T {
  const { state } = tf.engine();
  const { activeTape } = state;
  try {
    return run();
  } finally {
    state.activeTape = activeTape;
  }
}
