import type { AttendAttributes } from '../attributes.js';
import { AttentionRows, type Row } from './attention-rows.js';
import type { CpuKernel } from './backend.js';

/**
 * [query [B, Tq, H, d_k], key, value (see `headsFirst`), bias?, mask?, sinks [H]?] → [B, Tq, H, d_v], and, where it is to be
 * kept, the log-sum-exp of each row's scores [B, Tq, H], 0 for a row that sees nothing.
 */
export const attention: CpuKernel<AttendAttributes> = (operands, attributes, backend) => {
  const rows = new AttentionRows(operands, attributes, backend);
  const { batch, queries, heads, valueWidth } = rows;
  const result = new Float32Array(batch * queries * heads * valueWidth);
  const logSums = new Float32Array(batch * queries * heads);
  const weights = new Float64Array(attributes.keys);
  const sums = new Float64Array(valueWidth);
  rows.forEach((row) => {
    rows.scores(row, weights);
    const logSum = softmax(weights, row, rows.sinks?.[row.head] ?? -Infinity);
    if (logSum === undefined) return;
    logSums[row.place] = logSum;
    sums.fill(0);
    for (let k = row.first; k < row.end; k++) {
      if (weights[k] === 0) continue; // and what stands there may be anything
      const [weight, from] = [weights[k]! * rows.kept(row, k), rows.valueAt(row, k)];
      for (let i = 0; i < valueWidth; i++) sums[i]! += weight * rows.value.values[from + i]!;
    }
    result.set(sums, row.place * valueWidth);
  });
  const y = backend.makeTensorInfo([batch, queries, heads, valueWidth], 'float32', result);
  if (!attributes.keepsLogSumExp) return y;
  return [y, backend.makeTensorInfo([batch, queries, heads], 'float32', logSums)];
};

/** Scores become probabilities, in place. @returns The log of the sum of their exponentials; `undefined` where all are −∞. */
function softmax(scores: Float64Array, { first, end }: Row, sink: number): number | undefined {
  let largest = sink;
  for (let k = first; k < end; k++) largest = Math.max(largest, scores[k]!);
  if (largest === -Infinity) return undefined;
  let total = Math.exp(sink - largest);
  for (let k = first; k < end; k++) {
    scores[k] = Math.exp(scores[k]! - largest);
    total += scores[k]!;
  }
  for (let k = first; k < end; k++) scores[k]! /= total;
  return largest + Math.log(total);
}
