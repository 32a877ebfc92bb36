import type { TensorInfo } from '@tensorflow/tfjs';
import type { AttendGradientAttributes } from '../attributes.js';
import { AttentionRows } from './attention-rows.js';
import type { CpuKernel } from './backend.js';

/**
 * [query, key, value, bias?, mask?, dy [B, Tq, H, d_v], y [B, Tq, H, d_v], logSumExp [B, Tq, H]] → the gradients of
 * query, key, value and, where it learns, bias (Dao et al. 2022, algorithm 4): probabilities are made again from the scores
 * and the log-sum-exp, row by row.
 */
export const attentionGradient: CpuKernel<AttendGradientAttributes> = (operands, attributes, backend) => {
  const [query, key, value, bias, mask, dy, y, logSumExp] = operands;
  const rows = new AttentionRows([query, key, value, bias, mask], attributes, backend);
  const values = (of: TensorInfo) => backend.data.get(of.dataId).values;
  const [above, result, logSums] = [values(dy!), values(y!), values(logSumExp!)];
  const { width, valueWidth } = rows;
  const [dQuery, dKey, dValue] = [rows.query, rows.key, rows.value].map((of) => new Float64Array(of.values.length));
  const dBias = attributes.biasLearns ? new Float64Array(rows.bias!.values.length) : undefined;
  const scores = new Float64Array(attributes.keys);
  const slopes = new Float64Array(attributes.keys);
  rows.forEach((row) => {
    rows.scores(row, scores, slopes);
    const [from, aboveFrom] = [rows.queryAt(row), row.place * valueWidth];
    // What the softmax takes from the gradient of every score: Σ p · dp.
    let mean = 0;
    for (let i = 0; i < valueWidth; i++) mean += above[aboveFrom + i]! * result[aboveFrom + i]!;
    for (let k = row.first; k < row.end; k++) {
      if (scores[k] === -Infinity) continue;
      const probability = Math.exp(scores[k]! - logSums[row.place]!);
      const kept = rows.kept(row, k);
      const [keyFrom, valueFrom] = [rows.keyAt(row, k), rows.valueAt(row, k)];
      let dWeight = 0;
      for (let i = 0; i < valueWidth; i++) {
        dWeight += above[aboveFrom + i]! * rows.value.values[valueFrom + i]!;
        dValue![valueFrom + i]! += probability * kept * above[aboveFrom + i]!;
      }
      const dScore = probability * (dWeight * kept - mean);
      if (dBias) dBias[rows.biasAt(row, k)]! += dScore;
      const dProduct = dScore * slopes[k]!;
      for (let i = 0; i < width; i++) {
        dQuery![from + i]! += dProduct * rows.key.values[keyFrom + i]!;
        dKey![keyFrom + i]! += dProduct * rows.query.values[from + i]!;
      }
    }
  });
  const tensor = (of: TensorInfo, numbers: Float64Array) =>
    backend.makeTensorInfo([...of.shape], 'float32', Float32Array.from(numbers));
  const results = [tensor(query!, dQuery!), tensor(key!, dKey!), tensor(value!, dValue!)];
  return dBias ? [...results, tensor(bias!, dBias)] : results;
};
