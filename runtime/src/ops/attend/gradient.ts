import type { NamedAttrMap, NamedTensorMap, Tensor } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import type { AttendAttributes, AttendGradientAttributes } from '../../kernels/attributes.js';
import type { Operand } from '../../kernels/fused.js';
import { ownName } from '../../kernels/own-name.js';

/**
 * The gradients of [query, key, value, bias?, mask?, sinks?] of one fused attention, for those that are present: from its
 * result [B, Tq, H, d_v] and the log-sum-exp of its scores [B, Tq, H], without a [Tq, Tk] tensor (Dao et al. 2022, algorithm 4).
 */
export function attendGradient(
  dy: Tensor,
  operands: readonly Operand[],
  attributes: AttendGradientAttributes,
  [y, logSumExp]: readonly Tensor[],
): (() => Tensor)[] {
  const [query, key, value, bias, mask, sinks] = operands;
  const gradients = tf.tidy(() => [
    ...runGradient([query, key, value, bias, mask, dy, y, logSumExp], attributes),
    ...(sinks ? [gradientOfSinks(sinks, dy, y!, logSumExp!)] : []),
  ]);
  const dSinks = sinks && gradients.at(-1);
  const [dQuery, dKey, dValue, dBias] = sinks ? gradients.slice(0, -1) : gradients;
  const all: Operand[] = [dQuery, dKey, dValue, dBias, undefined, dSinks];
  return operands.flatMap((operand, place) => (operand ? [() => all[place] ?? tf.zerosLike(operand)] : []));
}

function runGradient(operands: readonly Operand[], attributes: AttendAttributes): Tensor[] {
  const present = operands.map((operand) => operand !== undefined);
  const inputs = operands.filter((operand) => operand !== undefined) as unknown as NamedTensorMap;
  const given = { ...attributes, present } as unknown as NamedAttrMap;
  return tf.engine().runKernel(ownName('TfmAttendGradient'), inputs, given) as unknown as Tensor[];
}

/** A sink's probability in each row, times what the softmax takes from every score's gradient, summed over the rows: [H]. */
function gradientOfSinks(sinks: Tensor, dy: Tensor, y: Tensor, logSumExp: Tensor): Tensor {
  // Finite, because shaders may be compiled as if there were no infinity.
  const probabilities = tf.exp(tf.sub(tf.maximum(sinks, -1e30), logSumExp));
  return tf.neg(tf.sum(tf.mul(probabilities, tf.sum(tf.mul(dy, y), -1)), [0, 1]));
}
