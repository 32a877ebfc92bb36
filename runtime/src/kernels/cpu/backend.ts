import type { TensorInfo } from '@tensorflow/tfjs';

/** The part of tfjs's CPU backend that is used here. */
export interface CpuBackend {
  /** Where the numbers of a tensor are. */
  readonly data: { get(dataId: object): { readonly values: Float32Array } };
  makeTensorInfo(shape: number[], dtype: 'float32', values: Float32Array): TensorInfo;
}

/**
 * A fused operator in plain loops, sums in float64. Operands are float32 and not empty; the absent ones are `undefined`.
 */
export type CpuKernel<Attributes> = (
  operands: readonly (TensorInfo | undefined)[],
  attributes: Attributes,
  backend: CpuBackend,
) => TensorInfo | TensorInfo[];
