import * as tf from '@tensorflow/tfjs';
import { recordSteps } from '../../replay/backend.js';
import { captureStep, runOnHeap } from '../../replay/wasm/capture.js';
import { type DirectKernel, placed, setDirectKernels, type WithPresence } from '../fused.js';
import { ownName } from '../own-name.js';
import { activation } from './activation.js';
import { activationGradient, gated, gatedGradient } from './activation-gradient.js';
import { arithmetic } from './arithmetic.js';
import { attention } from './attention.js';
import { attentionGradient } from './attention-gradient.js';
import { crossEntropy, crossEntropyGradient } from './cross-entropy.js';
import { elementwise } from './elementwise.js';
import { chosenLinear, chosenRows, inTop, mixedRows, routing } from './experts.js';
import { heapOf } from './heap.js';
import { compileKernels, type WasmBackend } from './instance.js';
import type { WasmKernel } from './kernel.js';
import { linear, product } from './linear.js';
import { layerNorm, rmsNorm, softmax } from './normalize.js';
import { normGradient } from './normalize-gradient.js';
import { productOfRows } from './product-of-rows.js';
import { rotary } from './rotary.js';
import { takeRows } from './take-rows.js';

/** The fused operators of the wasm backend by the names that the operators call. */
const kernels = {
  TfmActivation: activation,
  TfmActivationGradient: activationGradient,
  TfmArithmetic: arithmetic,
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
  TfmRmsNorm: rmsNorm,
  TfmRotary: rotary,
  TfmRouting: routing,
  TfmSoftmax: softmax,
  TfmTakeRows: takeRows,
} as const;

/** Adds our kernels to the active wasm backend, where its engine has SIMD; a second call does nothing. */
export async function registerWasmKernels(): Promise<void> {
  if (!(await compileKernels())) return;
  const direct = new Map<string, DirectKernel>();
  for (const [name, kernel] of Object.entries(kernels)) {
    const run = kernel as WasmKernel<object>;
    direct.set(name, (operands, attributes) =>
      runOnHeap(name, operands, (given, heap) => run(given, attributes, heap)),
    );
    const kernelName = ownName(name);
    if (tf.getKernel(kernelName, 'wasm')) continue;
    tf.registerKernel({
      kernelName,
      backendName: 'wasm',
      kernelFunc: ({ inputs, attrs, backend }) => {
        const attributes = attrs as unknown as WithPresence<object>;
        const given = Object.values(inputs) as tf.TensorInfo[];
        return run(placed(given, attributes.present), attributes, heapOf(backend as WasmBackend));
      },
    });
  }
  setDirectKernels('wasm', direct);
  recordSteps('wasm', captureStep);
}
