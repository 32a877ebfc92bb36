import type { Tensor } from '@tensorflow/tfjs';
import { range, size } from './shapes.js';

const soFar = new WeakSet<Tensor>();

/**
 * Marks a tensor [B, capacity] that has all rows of a generated sequence, where everything else has the new rows only: what
 * `present` says of the growing input, for masks.
 */
export function markRowsSoFar<T extends Tensor>(tensor: T): T {
  soFar.add(tensor);
  return tensor;
}

/** Marks what is made of such tensors. */
export function likeOperands(made: Tensor, operands: readonly unknown[]): Tensor {
  return operands.some((operand) => soFar.has(operand as Tensor)) ? markRowsSoFar(made) : made;
}

/**
 * For an operator that treats every row for itself: one row for all new ones, [B, 1]. Every row that is computed is real, as the
 * first is; what is computed of padding is never read.
 */
export function forNewRows<T>(operand: T): T | Tensor {
  if (!soFar.has(operand as object as Tensor)) return operand;
  const rows = operand as object as Tensor;
  return size(rows, 1) > 1 ? range(rows, 1, 0, 1) : rows;
}
