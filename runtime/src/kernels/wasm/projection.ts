import type { TensorInfo } from '@tensorflow/tfjs';
import { type ProjectionAttributes, projectionOperands } from '../projection.js';
import type { Heap } from './heap.js';
import { linear } from './linear.js';
import { layerNorm, rmsNorm } from './normalize.js';

/**
 * [x [.., k], gain [k]?, offset [k]?, residual [.., n]?, then weight [n, k] and bias [n]? of each layer] → each layer of the
 * normalized x. A kernel for each: what is saved is the work around them, and passes over their results.
 */
export function projection(
  operands: readonly (TensorInfo | undefined)[],
  { norm, eps, activation }: ProjectionAttributes,
  heap: Heap,
): TensorInfo[] {
  const { x, gain, offset, residual, parts } = projectionOperands(operands);
  const normalize = norm === 'layer' ? layerNorm : rmsNorm;
  const normalized = norm === 'none' ? x : (normalize([x, gain, offset], { eps }, heap) as TensorInfo);
  const results = parts.map(
    ({ weight, bias }) => linear([normalized, weight, bias, residual], { activation }, heap) as TensorInfo,
  );
  if (normalized !== x) heap.release(normalized);
  return results;
}
