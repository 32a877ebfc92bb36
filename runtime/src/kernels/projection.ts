import type { NamedTensorMap, Tensor } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import type { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu';
import type { ActivationAttributes } from './attributes.js';
import { type Operand, runDirectly, withPresence } from './fused.js';
import { ownName } from './own-name.js';

/** Linear layers of one input as one kernel, which may normalize the input first. */
export interface Projection extends ActivationAttributes {
  readonly x: Tensor;
  readonly norm: NormOfInput | undefined;
  /** [out, in] and [out] of each layer: at most three. */
  readonly layers: readonly { readonly weight: Tensor; readonly bias: Operand }[];
  /** Added to the result behind the activation; of a single layer only. */
  readonly residual?: Operand;
  /** Of two layers: activation(first) ⊙ second, in the place of both. */
  readonly gated?: boolean;
}

export interface NormOfInput {
  readonly weight: Operand;
  readonly bias: Operand;
  readonly eps: number;
  /** About the mean: `layer_norm`, not `rms_norm`. */
  readonly centred: boolean;
}

export interface ProjectionAttributes extends ActivationAttributes {
  readonly norm: 'none' | 'layer' | 'rms';
  readonly eps: number;
  readonly gated: boolean;
}

/** The operands of a kernel in their order: x, what normalizes it, the residual, then weight and bias of each layer. */
export function projectionOperands<T>([x, gain, offset, residual, ...layers]: readonly Operand<T>[]) {
  const parts: { readonly weight: T; readonly bias: Operand<T> }[] = [];
  for (let i = 0; i < layers.length; i += 2) {
    const weight = layers[i];
    if (weight !== undefined) parts.push({ weight, bias: layers[i + 1] });
  }
  return { x: x!, gain, offset, residual, parts };
}

export type ProjectionOperands<T> = ReturnType<typeof projectionOperands<T>>;

const kernel = 'TfmProjection';

/** Whether the active backend computes a linear layer with what stands around it. */
export function fusesLayers(): boolean {
  return fusesDispatches() || tf.getKernel(ownName('TfmLinear'), tf.getBackend()) !== undefined;
}

/** Whether it also computes several layers and the norm of their input as one: where dispatches are what costs. */
export function fusesDispatches(): boolean {
  return tf.getBackend() === 'webgpu' && tf.getKernel(ownName(kernel), 'webgpu') !== undefined;
}

/**
 * Whether a shader may bind as many tensors as this projection has. All its gains, offsets and biases may become one where they are
 * weights: what is computed is another one each time, and its copy would be old when a step is replayed.
 */
export function fits({ norm, layers, residual, gated }: Omit<Projection, 'x'>): boolean {
  const all = [norm?.weight, norm?.bias, ...layers.map(({ bias }) => bias)];
  const vectors = all.filter((vector) => vector !== undefined);
  const bound = vectors.every((vector) => vector instanceof tf.Variable) ? Math.min(vectors.length, 1) : vectors.length;
  const results = gated ? 1 : layers.length;
  return 1 + bound + layers.length + Number(residual !== undefined) + results <= mostTensors();
}

/** How many tensors a shader of the active device can read and write. */
export function mostTensors(): number {
  return (tf.backend() as WebGPUBackend).device.limits.maxStorageBuffersPerShaderStage;
}

/** The results of the layers, or the one of a gated pair. Not differentiable: `linear` and its neighbours are. */
export function runProjection({ x, norm, layers, residual, gated = false, activation }: Projection): Tensor[] {
  const operands = [x, norm?.weight, norm?.bias, residual, ...layers.flatMap(({ weight, bias }) => [weight, bias])];
  const attributes: ProjectionAttributes = {
    norm: norm ? (norm.centred ? 'layer' : 'rms') : 'none',
    eps: norm?.eps ?? 0,
    ...{ gated, activation },
  };
  return runKernels(kernel, operands, attributes);
}

/** A single layer of an input as it is, by the kernel that `linear` runs. */
export function runLayer({ x, layers: [layer], residual, activation }: Projection): Tensor {
  return runKernels('TfmLinear', [x, layer!.weight, layer!.bias, residual], { activation })[0]!;
}

/** Runs a kernel with one or several results, on operands of which some are absent. */
export function runKernels(name: string, operands: readonly Operand[], attributes: object): Tensor[] {
  const direct = runDirectly(name, operands, attributes);
  if (direct) return direct;
  const inputs = operands.filter((operand) => operand !== undefined) as unknown as NamedTensorMap;
  const made = tf.engine().runKernel(ownName(name), inputs, withPresence(attributes, operands));
  return Array.isArray(made) ? made : [made];
}
