import type { TensorInfo } from '@tensorflow/tfjs';
import type { AttendGradientAttributes } from '../attributes.js';
import { biasGradient } from './attention-gradient-bias.js';
import { gradientCode } from './attention-gradient-code.js';
import { rowStatistics } from './attention-gradient-rows.js';
import { keySpansOf } from './attention-key-spans.js';
import { tileSizes } from './attention-prefill.js';
import {
  type AttentionOperands,
  type AttentionShape,
  attentionConstants,
  attentionFloats,
  attentionIntegers,
  attentionReads,
  attentionShape,
  spansOf,
} from './attention-shape.js';
import type { GpuBackend } from './backend.js';
import { dispatch } from './dispatch.js';
import { rowsOperand, type WebGpuKernel } from './kernel.js';
import { pairKey } from './pair-code.js';

/** Rows and keys of a tile, as in the kernel of the forward pass. */
const tile = 32;

/** What the kernels of the gradient read. */
export interface GradientInputs {
  /** [query, key, value, bias?, mask?] */
  readonly operands: AttentionOperands;
  readonly dy: TensorInfo;
  /** For each row [B, Tq, H] its log-sum-exp and dy · y. */
  readonly statistics: TensorInfo;
}

/** Which gradient a workgroup sums: that of 32 rows of queries, or of 32 keys or values. */
export type Gradient = 'query' | 'key' | 'value';

/**
 * [query, key, value, bias?, mask?, dy [B, Tq, H, d_v], y [B, Tq, H, d_v], logSumExp [B, Tq, H]] → the gradients of query, key,
 * value and, where it learns, bias (Dao et al. 2022, algorithm 4): each in a dispatch of its own that makes the probabilities of
 * a tile again, so that nothing is added up between workgroups.
 */
export const attentionGradient: WebGpuKernel<AttendGradientAttributes> = (given, attributes, backend) => {
  const [query, key, value, bias, mask, dy, y, logSums] = given;
  const operands = [query, key, value, bias, mask];
  const shape = attentionShape(operands, false);
  const statistics = rowStatistics(dy!, y!, logSums!, backend);
  const inputs = { operands, dy: dy!, statistics };
  const gradients = (['query', 'key', 'value'] as const).map((of, i) => {
    const result = backend.makeTensorInfo(operands[i]!.shape, 'float32');
    sumGradient(of, inputs, attributes, shape, result, backend);
    return result;
  });
  if (attributes.biasLearns) gradients.push(biasGradient(inputs, attributes, shape, backend));
  backend.disposeData(statistics.dataId);
  return gradients;
};

function sumGradient(
  of: Gradient,
  { operands, dy, statistics }: GradientInputs,
  attributes: AttendGradientAttributes,
  shape: AttentionShape,
  result: TensorInfo,
  backend: GpuBackend,
): void {
  const { width, valueWidth, keyHeads, batch } = shape;
  const keys = operands[1]!.shape[1]!;
  const spans =
    of === 'query' ? spansOf(attributes.visible, shape, tile) : keySpansOf(attributes.visible, shape, keys, tile);
  const resultWidth = of === 'value' ? valueWidth : width;
  const sizes = tileSizes(Math.max(width, valueWidth), resultWidth);
  dispatch(backend, {
    name: `attention, gradient of the ${of}`,
    constants: { ...attentionConstants(shape, attributes), ...sizes },
    reads: {
      ...attentionReads(operands, spans.values, false),
      dy: rowsOperand(dy, valueWidth),
      statistics: { of: statistics, as: 'vec2f' },
    },
    writes: { result: rowsOperand(result, resultWidth) },
    integers: {
      ...attentionIntegers(shape, operands, attributes),
      ...{ blocks: spans.blocks, spanStride: spans.stride, keys },
    },
    floats: attentionFloats(attributes),
    workgroups: [spans.blocks, keyHeads, batch],
    key: pairKey(attributes),
    code: () => gradientCode(of, shape, operands, attributes, sizes.COLUMNS),
  });
}
