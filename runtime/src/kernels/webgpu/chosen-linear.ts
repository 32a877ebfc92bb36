import type { TensorInfo } from '@tensorflow/tfjs';
import type { ChosenLinearAttributes } from '../experts.js';
import type { GpuBackend } from './backend.js';
import { activationNumber } from './epilogue.js';
import { present, rowsOf, rowsOperand, type WebGpuKernel } from './kernel.js';
import { linearCode } from './linear-code.js';
import { type LinearTask, linearOfFewRows } from './linear-few-rows.js';
import { linearOfManyRows } from './linear-many-rows.js';
import { routingOperand, tilesOf } from './routing.js';
import { type Stack, stacksOf } from './stacks.js';

/**
 * [x [.., k], routing, then of each layer the weight [n, k] of each expert and the bias [n]? of each] → for each slot the layer
 * of its expert, or of a gated pair activation(first) ⊙ second [pairs, n]. A dispatch for each stack of weights.
 */
export const chosenLinear: WebGpuKernel<ChosenLinearAttributes> = ([x, routing, ...operands], attributes, backend) => {
  const { experts, gathers, gated, pairs, activation } = attributes;
  const { width } = rowsOf(x!);
  const layers = (gated ? [0, 1] : [0]).map((i) => operands.slice(2 * i * experts, 2 * (i + 1) * experts));
  const outputs = layers.map(([weight]) => weight!.shape[0]!);
  const weights = layers.map((layer) => stacked(backend, layer.slice(0, experts)));
  const biases = layers.map((layer) => (layer[experts] ? stacked(backend, layer.slice(experts), true)[0] : undefined));
  const y = backend.makeTensorInfo([pairs, outputs[0]!], 'float32');
  const tiles = tilesOf(pairs, experts);
  for (const [i, { first, end }] of weights[0]!.entries()) {
    const parts = weights.map((stacks, part) => ({ weight: stacks[i]!.tensor, bias: biases[part]?.tensor }));
    const reads = parts.flatMap(({ weight, bias }, part) => [
      [`weight${part}`, rowsOperand(weight, width)] as const,
      [`bias${part}`, bias && { of: bias, as: 'f32' as const }] as const,
    ]);
    const task: LinearTask = {
      ...{ rows: tiles > 0 ? pairs : 1, width, outputs, norm: 'none', eps: 0, gated, starts: {} },
      activation: activationNumber[activation],
      reads: { x: rowsOperand(x!, width), ...present(Object.fromEntries(reads)), routing: routingOperand(routing!) },
      writes: { y0: { of: y, as: 'f32' } },
      chosen: { pairs, experts, first, end, gathers, tiles },
      code: () => {
        const none = { gain: undefined, offset: undefined, residual: undefined };
        return linearCode(width, activation, { x: x!, ...none, parts }, { reads: {}, starts: {} }, gated, true);
      },
    };
    (tiles > 0 ? linearOfManyRows : linearOfFewRows)(task, backend);
  }
  return y;
};

/** In as few stacks as a shader can bind; biases, which are small, in one. */
function stacked(backend: GpuBackend, all: readonly (TensorInfo | undefined)[], isOne = false): readonly Stack[] {
  const { maxBufferSize, maxStorageBufferBindingSize } = backend.device.limits;
  const most = isOne ? Number.MAX_SAFE_INTEGER : Math.min(maxBufferSize, maxStorageBufferBindingSize);
  return stacksOf(
    backend,
    all.map((each) => each!),
    most,
  );
}
