import type { Tensor } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import type { NormAttributes } from '../kernels/attributes.js';
import { type FusedOperator, type Operand, runFused, together } from '../kernels/fused.js';
import { runKernels } from '../kernels/projection.js';
import { lazyNorm } from '../lazy/operators.js';

/** Gain and offset on the last axis, each [features]; absent ones are 1 and 0. */
export interface NormWeights {
  readonly weight?: Tensor | undefined;
  readonly bias?: Tensor | undefined;
}

export interface NormOptions {
  /** Added to the variance (layer norm) or to the mean square (RMS norm). */
  readonly eps?: number | undefined;
}

/**
 * (x − mean) / √(variance + eps) · weight + bias over the last axis (Ba et al. 2016, equations 3 and 4). The variance is
 * that of the centred values (two passes), so that a large mean does not cost its digits.
 */
export function layerNorm(x: Tensor, { weight, bias }: NormWeights = {}, { eps = 1e-5 }: NormOptions = {}): Tensor {
  const alone = (of: Tensor) => runFused(layerNormOperator, [of, weight, bias], { eps });
  return lazyNorm(x, { weight, bias, eps, centred: true }, alone) ?? alone(x);
}

const layerNormOperator: FusedOperator<NormAttributes> = {
  kernel: 'TfmLayerNorm',
  composition: ([x, weight, bias], { eps }) => {
    const centred = tf.sub(x!, tf.mean(x!, -1, true));
    return affine(tf.mul(centred, inverseRoot(centred, eps)), weight, bias);
  },
  gradient: (dy, operands, { eps }) => normGradient(dy, operands, eps, true),
};

/** x / √(mean(x²) + eps) · weight over the last axis (Zhang and Sennrich 2019, equation 4). */
export function rmsNorm(
  x: Tensor,
  { weight }: Pick<NormWeights, 'weight'> = {},
  { eps = 1e-6 }: NormOptions = {},
): Tensor {
  const alone = (of: Tensor) => runFused(rmsNormOperator, [of, weight], { eps });
  return lazyNorm(x, { weight, bias: undefined, eps, centred: false }, alone) ?? alone(x);
}

const rmsNormOperator: FusedOperator<NormAttributes> = {
  kernel: 'TfmRmsNorm',
  composition: ([x, weight], { eps }) => affine(tf.mul(x!, inverseRoot(x!, eps)), weight, undefined),
  gradient: (dy, operands, { eps }) => normGradient(dy, operands, eps, false),
};

/** Of [x, weight?, bias?], for those that are present: with x̂ the normalized x, g = dy · weight, σ⁻¹ (g − mean(g) − x̂ mean(g x̂)). */
function normGradient(dy: Tensor, [x, weight, bias]: readonly Operand[], eps: number, centred: boolean) {
  const withBias = bias !== undefined;
  const gradient = together(() => runKernels('TfmNormGradient', [x, weight, dy], { eps, centred, withBias }));
  return [x, weight, bias].filter((operand) => operand !== undefined).map((_, place) => gradient(place));
}

/** exp(x) / Σ exp(x) over the last axis. */
export function softmax(x: Tensor): Tensor {
  return runFused(softmaxOperator, [x], {});
}

const softmaxOperator: FusedOperator<object> = {
  kernel: 'TfmSoftmax',
  composition: ([x]) => tf.softmax(x!),
};

/** x / ‖x‖₂ over the last axis; a vector of zeros stays one. */
export function unit(x: Tensor): Tensor {
  return tf.tidy(() => tf.div(x, tf.maximum(tf.sqrt(tf.sum(tf.square(x), -1, true)), 1e-12)));
}

function inverseRoot(x: Tensor, eps: number): Tensor {
  return tf.rsqrt(tf.add(tf.mean(tf.square(x), -1, true), eps));
}

function affine(x: Tensor, weight: Tensor | undefined, bias: Tensor | undefined): Tensor {
  const scaled = weight ? tf.mul(x, weight) : x;
  return bias ? tf.add(scaled, bias) : scaled;
}
