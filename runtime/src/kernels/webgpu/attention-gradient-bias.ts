import type { TensorInfo } from '@tensorflow/tfjs';
import type { AttendGradientAttributes } from '../attributes.js';
import type { GradientInputs } from './attention-gradient.js';
import { pairCode } from './attention-gradient-code.js';
import {
  type AttentionShape,
  attentionConstants,
  attentionFloats,
  attentionIntegers,
  attentionReads,
} from './attention-shape.js';
import type { GpuBackend } from './backend.js';
import { dispatch } from './dispatch.js';
import { countOf, rowsOperand, workgroupsFor } from './kernel.js';
import { pairKey } from './pair-code.js';
import { mainOf64, workgroupIndex } from './vectors.js';

/**
 * The gradient of what is added to scores: for each number the sum over all pairs of query and key that read it, by one
 * workgroup, or by one thread where they are few.
 */
export function biasGradient(
  { operands, dy, statistics }: GradientInputs,
  attributes: AttendGradientAttributes,
  shape: AttentionShape,
  backend: GpuBackend,
): TensorInfo {
  const bias = operands[3]!;
  const { batch, heads, queries, valueWidth } = shape;
  const keys = operands[1]!.shape[1]!;
  const { firsts, ends } = attributes.visible;
  const spans = Int32Array.from({ length: firsts.length * 2 }, (_, i) => (i % 2 ? ends : firsts)[i >> 1]!);
  const [batches, biasHeads, biasQueries, biasKeys] = bias.shape as [number, number, number, number];
  // What one number of the bias stands for; of a distance all queries, each with one key.
  const over = {
    overBatch: batch / batches,
    overHeads: heads / biasHeads,
    overQueries: attributes.biasByDistance ? queries : queries / biasQueries,
    overKeys: attributes.biasByDistance ? 1 : keys / biasKeys,
  };
  const pairs = over.overBatch * over.overHeads * over.overQueries * over.overKeys;
  const lanes = pairs < 32 ? 1 : 64;
  const numbers = countOf(bias.shape);
  const result = backend.makeTensorInfo(bias.shape, 'float32');
  dispatch(backend, {
    name: 'attention, gradient of the bias',
    constants: {
      ...attentionConstants(shape, attributes),
      LANES: lanes,
      BY_DISTANCE: Number(attributes.biasByDistance),
    },
    reads: {
      ...attentionReads(operands, spans, false),
      dy: rowsOperand(dy, valueWidth),
      statistics: { of: statistics, as: 'vec2f' },
    },
    writes: { result: { of: result, as: 'f32' } },
    integers: {
      ...attentionIntegers(shape, operands, attributes),
      ...{ blocks: 0, spanStride: firsts.length > queries ? queries : 0, keys },
      ...{ numbers, pairs, biasHeads, biasQueries, biasKeys, ...over },
    },
    floats: attentionFloats(attributes),
    workgroups: workgroupsFor(Math.ceil((numbers * lanes) / 64)),
    key: pairKey(attributes),
    code: () => `${pairCode(shape, operands, attributes)}\n${workgroupIndex}\n${code}`,
  });
  return result;
}

const code = `
var<workgroup> sums: array<f32, 64>;

${mainOf64}
  let lane = i32(thread) % LANES;
  let number = (workgroupIndex(group, groups) * 64 + i32(thread)) / LANES;
  var sum = 0.0;
  if (number < uniforms.numbers) {
    for (var i = lane; i < uniforms.pairs; i += LANES) { sum += gradientOf(number, i); }
  }
  sums[thread] = sum;
  workgroupBarrier();
  if (lane > 0 || number >= uniforms.numbers) { return; }
  // The other lanes of a workgroup follow the first.
  for (var i = 1; i < LANES; i++) { sum += sums[i]; }
  result[number] = sum;
}

/** The gradient of the score of pair i of a number of the bias. */
fn gradientOf(number: i32, i: i32) -> f32 {
  var rest = number;
  var k = rest % uniforms.biasKeys;
  rest /= uniforms.biasKeys;
  var query = rest % uniforms.biasQueries;
  rest /= uniforms.biasQueries;
  var head = rest % uniforms.biasHeads;
  var batch = rest / uniforms.biasHeads;
  // On each axis one of the two is 0.
  rest = i;
  k += rest % uniforms.overKeys;
  rest /= uniforms.overKeys;
  query += rest % uniforms.overQueries;
  rest /= uniforms.overQueries;
  head += rest % uniforms.overHeads;
  batch += rest / uniforms.overHeads;
  if (BY_DISTANCE == 1) { k += query - uniforms.queries + 1; }
  if (k < 0 || k >= uniforms.keys) { return 0; }

  let keyHead = head / uniforms.group;
  let row = rowOf(batch, keyHead, query * uniforms.group + head % uniforms.group);
  if (!isSeen(row, k)) { return 0; }
  var product = 0.0;
  for (var c = 0; c < WIDTH4; c++) {
    product += dot(queryAt(rowStart(row, WIDTH_STEP), c), keyAt(keyStart(batch, keyHead, k), c));
  }
  var dWeight = 0.0;
  for (var c = 0; c < VALUE4; c++) {
    dWeight += dot(dyAt(rowStart(row, VALUE_STEP), c), valueAt(valueStart(batch, keyHead, k), c));
  }
  return pair(product, dWeight, row, k, statistics[rowStart(row, 1)]).y;
}
`;
