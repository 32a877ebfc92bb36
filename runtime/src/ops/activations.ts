import type { Tensor } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import type { ActivationAttributes, ActivationName } from '../kernels/attributes.js';
import { type FusedOperator, hasKernel, isTapeOn, runFused, together } from '../kernels/fused.js';
import { runKernels } from '../kernels/projection.js';
import { lazyActivation } from '../lazy/operators.js';
import { describe, misfit, size, withFeatures } from './shapes.js';

/** max(x, 0). */
export function relu(x: Tensor): Tensor {
  return lazyActivation(x, 'relu') ?? activated(x, 'relu');
}

/** x · Φ(x) with the normal distribution's Φ(x) = (1 + erf(x / √2)) / 2 (Hendrycks and Gimpel 2016). */
export function gelu(x: Tensor): Tensor {
  return lazyActivation(x, 'gelu') ?? activated(x, 'gelu');
}

/**
 * x / 2 · (1 + tanh(√(2 / π) (x + 0.044715 x³))) (Hendrycks and Gimpel 2016), as x · σ(2 · …), which is the same and
 * keeps its digits for large negative x.
 */
export function geluTanh(x: Tensor): Tensor {
  return lazyActivation(x, 'geluTanh') ?? activated(x, 'geluTanh');
}

/** x · σ(x). */
export function silu(x: Tensor): Tensor {
  return lazyActivation(x, 'silu') ?? activated(x, 'silu');
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
export const activations: Readonly<Record<ActivationName, (x: Tensor) => Tensor>> = {
  none: (x) => x,
  gelu: (x) => tf.mul(tf.mul(x, 0.5), tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1)),
  geluTanh: (x) => tf.mul(x, tf.sigmoid(tf.mul(x, tf.add(tf.mul(tf.square(x), slope * 0.044715), slope)))),
  silu: (x) => tf.mul(x, tf.sigmoid(x)),
  relu: (x) => tf.relu(x),
};

const activationOperator: FusedOperator<ActivationAttributes> = {
  kernel: 'TfmActivation',
  composition: ([x], { activation }) => activations[activation](x!),
  gradient: (dy, [x], { activation }) => [() => runKernels('TfmActivationGradient', [x, dy], { activation })[0]!],
};

/** Of what activations were made while a gradient is recorded. */
const origins = new WeakMap<Tensor, { readonly x: Tensor; readonly activation: ActivationName }>();

function activated(x: Tensor, activation: ActivationName): Tensor {
  const y = runFused(activationOperator, [x], { activation });
  if (isTapeOn()) origins.set(y, { x, activation });
  return y;
}

/** [a, b] of equal shapes → activation(a) ⊙ b (Shazeer 2020, equation 5). */
const gatedOperator: FusedOperator<ActivationAttributes> = {
  kernel: 'TfmGated',
  composition: ([a, b], { activation }) => tf.mul(activations[activation](a!), b!),
  gradient: (dy, [a, b], { activation }) => {
    const gradient = together(() => runKernels('TfmGatedGradient', [a, b, dy], { activation }));
    return [gradient(0), gradient(1)];
  },
};

/** a ⊙ b where one of them is an activation and a gradient is recorded: both gradients are then one kernel. */
export function gatedProduct(a: Tensor, b: Tensor): Tensor | undefined {
  if (!isTapeOn() || !tf.util.arraysEqual(a.shape, b.shape)) return undefined;
  const [origin, other] = origins.has(a) ? [origins.get(a), b] : [origins.get(b), a];
  if (!origin || origin.x.isDisposed || !hasKernel(gatedOperator.kernel, [origin.x, other])) return undefined;
  return runFused(gatedOperator, [origin.x, other], { activation: origin.activation });
}
