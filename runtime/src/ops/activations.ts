import type { Tensor } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import type { ActivationAttributes } from '../kernels/attributes.js';
import { type FusedOperator, runFused } from '../kernels/fused.js';
import { lazyActivation } from '../lazy/operators.js';
import { describe, misfit, size, withFeatures } from './shapes.js';

/** max(x, 0). */
export function relu(x: Tensor): Tensor {
  return lazyActivation(x, 'relu') ?? tf.relu(x);
}

/** x · Φ(x) with the normal distribution's Φ(x) = (1 + erf(x / √2)) / 2 (Hendrycks and Gimpel 2016). */
export function gelu(x: Tensor): Tensor {
  return lazyActivation(x, 'gelu') ?? runFused(activationOperator, [x], { activation: 'gelu' });
}

/**
 * x / 2 · (1 + tanh(√(2 / π) (x + 0.044715 x³))) (Hendrycks and Gimpel 2016), as x · σ(2 · …), which is the same and
 * keeps its digits for large negative x.
 */
export function geluTanh(x: Tensor): Tensor {
  return lazyActivation(x, 'geluTanh') ?? runFused(activationOperator, [x], { activation: 'geluTanh' });
}

/** x · σ(x). */
export function silu(x: Tensor): Tensor {
  return lazyActivation(x, 'silu') ?? runFused(activationOperator, [x], { activation: 'silu' });
}

/** σ(x) = 1 / (1 + exp(−x)). */
export function sigmoid(x: Tensor): Tensor {
  return tf.sigmoid(x);
}

export function tanh(x: Tensor): Tensor {
  return tf.tanh(x);
}

/** x where x > 0, else alpha · (exp(x) − 1) (Clevert et al. 2016). Default alpha 1. */
export function elu(x: Tensor, { alpha = 1 }: { readonly alpha?: number | undefined } = {}): Tensor {
  if (alpha === 1) return tf.elu(x);
  return tf.tidy(() => tf.add(tf.relu(x), tf.mul(tf.elu(tf.minimum(x, 0)), alpha)));
}

/** x where x > 0, else slope · x. Default slope 0.01. */
export function leakyRelu(x: Tensor, { slope = 0.01 }: { readonly slope?: number | undefined } = {}): Tensor {
  return tf.leakyRelu(x, slope);
}

/** log(1 + exp(x)), as max(x, 0) + log(1 + exp(−|x|)), which does not overflow. */
export function softplus(x: Tensor): Tensor {
  return tf.tidy(() => tf.add(tf.relu(x), tf.log1p(tf.exp(tf.neg(tf.abs(x))))));
}

/** The largest of every `pieces` consecutive features: [.., n · pieces] → [.., n] (Goodfellow et al. 2013). */
export function maxout(x: Tensor, { pieces }: { readonly pieces: number }): Tensor {
  const features = size(x, -1) / pieces;
  if (!Number.isInteger(features))
    throw misfit('maxout', `the features of ${describe(x)} are no multiple of ${pieces}`);
  return tf.tidy(() => tf.reshape(tf.max(tf.reshape(x, [x.size / pieces, pieces]), -1), withFeatures(x, features)));
}

const slope = 2 * Math.sqrt(2 / Math.PI);

/** The activations of stock operators. */
export const activations: Readonly<Record<ActivationAttributes['activation'], (x: Tensor) => Tensor>> = {
  none: (x) => x,
  gelu: (x) => tf.mul(tf.mul(x, 0.5), tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1)),
  geluTanh: (x) => tf.mul(x, tf.sigmoid(tf.mul(x, tf.add(tf.mul(tf.square(x), slope * 0.044715), slope)))),
  silu: (x) => tf.mul(x, tf.sigmoid(x)),
  relu: (x) => tf.relu(x),
};

const activationOperator: FusedOperator<ActivationAttributes> = {
  kernel: 'TfmActivation',
  composition: ([x], { activation }) => activations[activation](x!),
};
