import * as tf from '@tensorflow/tfjs';
import { placed, type WithPresence } from '../fused.js';
import { ownName } from '../own-name.js';
import { activation, activationGradient, gated, gatedGradient } from './activation.js';
import { attention } from './attention.js';
import { attentionGradient } from './attention-gradient.js';
import type { CpuBackend, CpuKernel } from './backend.js';
import { crossEntropy, crossEntropyGradient } from './cross-entropy.js';
import { layerNorm, normGradient, rmsNorm } from './normalize.js';

/** The fused operators of the cpu backend by the names that the operators call. */
const kernels = {
  TfmActivation: activation,
  TfmActivationGradient: activationGradient,
  TfmAttend: attention,
  TfmAttendGradient: attentionGradient,
  TfmCrossEntropy: crossEntropy,
  TfmCrossEntropyGradient: crossEntropyGradient,
  TfmGated: gated,
  TfmGatedGradient: gatedGradient,
  TfmLayerNorm: layerNorm,
  TfmNormGradient: normGradient,
  TfmRmsNorm: rmsNorm,
} as const;

/** Adds our kernels to tfjs's CPU backend; a second call does nothing. */
export function registerCpuKernels(): void {
  for (const [name, kernel] of Object.entries(kernels)) {
    const kernelName = ownName(name);
    if (tf.getKernel(kernelName, 'cpu')) continue;
    const run = kernel as CpuKernel<object>;
    tf.registerKernel({
      kernelName,
      backendName: 'cpu',
      kernelFunc: ({ inputs, attrs, backend }) => {
        const attributes = attrs as unknown as WithPresence<object>;
        const given = Object.values(inputs) as tf.TensorInfo[];
        return run(placed(given, attributes.present), attributes, backend as unknown as CpuBackend);
      },
    });
  }
}
