import * as tf from '@tensorflow/tfjs';
import { recordSteps } from '../../replay/backend.js';
import { WebGpuCapture } from '../../replay/webgpu/capture.js';
import { placed, type WithPresence } from '../fused.js';
import { ownName } from '../own-name.js';
import { activation } from './activation.js';
import { activationGradient, gated, gatedGradient } from './activation-gradient.js';
import { attention } from './attention.js';
import { attentionGradient } from './attention-gradient.js';
import type { GpuBackend } from './backend.js';
import { chosenLinear } from './chosen-linear.js';
import { crossEntropy, crossEntropyGradient } from './cross-entropy.js';
import { elementwise } from './elementwise.js';
import { inTop } from './in-top.js';
import { runKernel, type WebGpuKernel } from './kernel.js';
import { linear, projection } from './linear.js';
import { layerNorm, rmsNorm } from './normalize.js';
import { normGradient } from './normalize-gradient.js';
import { product, productOfRows } from './product.js';
import { rotary } from './rotary.js';
import { chosenRows, mixedRows, routing } from './routing.js';
import { turnHeads } from './turn-heads.js';

/** The fused operators of the WebGPU backend by the names that the operators call. */
const kernels = {
  TfmActivation: activation,
  TfmActivationGradient: activationGradient,
  TfmAttend: attention,
  TfmAttendGradient: attentionGradient,
  TfmChosenLinear: chosenLinear,
  TfmChosenRows: chosenRows,
  TfmCrossEntropy: crossEntropy,
  TfmCrossEntropyGradient: crossEntropyGradient,
  TfmElementwise: elementwise,
  TfmGated: gated,
  TfmGatedGradient: gatedGradient,
  TfmInTop: inTop,
  TfmLayerNorm: layerNorm,
  TfmLinear: linear,
  TfmMixedRows: mixedRows,
  TfmNormGradient: normGradient,
  TfmProduct: product,
  TfmProductOfRows: productOfRows,
  TfmProjection: projection,
  TfmRmsNorm: rmsNorm,
  TfmRotary: rotary,
  TfmRouting: routing,
  TfmTurnHeads: turnHeads,
} as const;

/** Adds our kernels to tfjs's WebGPU backend; a second call does nothing. */
export function registerWebGpuKernels(): void {
  recordSteps('webgpu', () => new WebGpuCapture());
  for (const [name, kernel] of Object.entries(kernels)) {
    const kernelName = ownName(name);
    if (tf.getKernel(kernelName, 'webgpu')) continue;
    const run = kernel as WebGpuKernel<object>;
    tf.registerKernel({
      kernelName,
      backendName: 'webgpu',
      kernelFunc: ({ inputs, attrs, backend }) => {
        const attributes = attrs as unknown as WithPresence<object>;
        const given = Object.values(inputs) as tf.TensorInfo[];
        return runKernel(run, placed(given, attributes.present), attributes, backend as unknown as GpuBackend);
      },
    });
  }
}
