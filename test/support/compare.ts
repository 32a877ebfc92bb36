import type { Tensor } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import type { OperatorCase } from './cases/case.js';
import { normal } from './cases/case.js';
import type { Nd } from './reference/array.js';

/**
 * The relative error of a result: the largest |y − r| / max(|r|, ρ), with ρ the root mean square of the finite
 * reference values. Not |y − r| / |r| alone: a sum that cancels has few right digits relative to itself in any
 * float32, and all of them relative to what was added. Not |y − r| / ρ alone: it would forgive wrong small ones.
 * Infinite and undefined values must agree exactly.
 */
export function relativeError(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (actual.length !== expected.length) return Number.POSITIVE_INFINITY;
  const finite = Array.from(expected).filter(Number.isFinite);
  const scale = Math.sqrt(finite.reduce((sum, r) => sum + r * r, 0) / Math.max(finite.length, 1)) || 1;
  let worst = 0;
  for (let i = 0; i < expected.length; i++) {
    const [y, r] = [actual[i]!, expected[i]!];
    if (Object.is(y, r)) continue;
    if (!Number.isFinite(r) || !Number.isFinite(y)) return Number.POSITIVE_INFINITY;
    worst = Math.max(worst, Math.abs(y - r) / Math.max(Math.abs(r), scale));
  }
  return worst;
}

/** A case's inputs on the active backend. */
export function toTensors({ inputs, dtypes = {} }: OperatorCase): Tensor[] {
  return inputs.map(({ shape, data }, i) => {
    const dtype = dtypes[i] ?? 'float32';
    const numbers =
      dtype === 'int32' ? Int32Array.from(data) : dtype === 'bool' ? Uint8Array.from(data) : Float32Array.from(data);
    return tf.tensor(numbers, [...shape], dtype);
  });
}

export interface Outcome {
  readonly shape: readonly number[];
  readonly expectedShape: readonly number[];
  readonly error: number;
}

/** The operator's result against the reference's. */
export async function outcome(of: OperatorCase): Promise<Outcome> {
  const tensors = toTensors(of);
  const result = tf.tidy(() => of.run(...tensors));
  const data = await result.data();
  const expected = of.reference(...of.inputs);
  const { shape } = result;
  tf.dispose([result, ...tensors]);
  return { shape, expectedShape: expected.shape, error: relativeError(data, expected.data) };
}

/** The worst gradient of Σ w·y for random w, over all float inputs, against central differences of the reference. */
export async function gradientError(of: OperatorCase): Promise<number> {
  const floats = of.inputs.map((_, i) => i).filter((i) => !of.dtypes?.[i]);
  const weights = normal(of.reference(...of.inputs).shape, 99);
  const tensors = toTensors(of);
  const dy = tf.tensor(Float32Array.from(weights.data), [...weights.shape]);
  const loss = (...changed: Tensor[]): Tensor =>
    tf.sum(tf.mul(dy, of.run(...tensors.map((tensor, i) => changed[floats.indexOf(i)] ?? tensor))));
  const gradients = tf.tidy(() => tf.grads(loss)(floats.map((i) => tensors[i]!)));
  let worst = 0;
  for (const [at, i] of floats.entries())
    worst = Math.max(worst, relativeError(await gradients[at]!.data(), differences(of, i, weights)));
  tf.dispose([dy, ...gradients, ...tensors]);
  return worst;
}

/** d Σ w·y / d inputs[i], in float64. */
function differences(of: OperatorCase, i: number, weights: Nd): Float64Array {
  const input = of.inputs[i]!;
  const loss = (changed: Float64Array) => {
    const inputs = of.inputs.map((other, j) => (j === i ? { shape: other.shape, data: changed } : other));
    return of.reference(...inputs).data.reduce((sum, y, j) => sum + y * weights.data[j]!, 0);
  };
  return input.data.map((value, j) => {
    const step = 1e-5 * Math.max(1, Math.abs(value));
    const [up, down] = [Float64Array.from(input.data), Float64Array.from(input.data)];
    up[j] = value + step;
    down[j] = value - step;
    return (loss(up) - loss(down)) / (2 * step);
  });
}
