import type { AttendAttributes } from '../attributes.js';
import { attentionDecode } from './attention-decode.js';
import { attentionPrefill } from './attention-prefill.js';
import { attentionShape } from './attention-shape.js';
import type { WebGpuKernel } from './kernel.js';

/** Up to so many queries the keys are split. */
const fewQueries = 4;

/**
 * [query [B, Tq, H, d_k], key, value (see `headsFirst`), bias?, mask?, sinks [H]?] → [B, Tq, H, d_v], and, where it is to be kept,
 * the log-sum-exp of each row's scores [B, Tq, H], 0 for a row that sees nothing. What is added broadcasts to
 * [B, H, Tq, Tk]. All of them are read where they lie.
 */
export const attention: WebGpuKernel<AttendAttributes> = (operands, attributes, backend) => {
  const shape = attentionShape(operands, attributes.headsFirst);
  const { batch, queries, heads, valueWidth } = shape;
  const result = backend.makeTensorInfo([batch, queries, heads, valueWidth], 'float32');
  if (queries <= fewQueries && !attributes.keepsLogSumExp && !attributes.dropout) {
    attentionDecode(operands, attributes, shape, result, backend);
    return result;
  }
  const logSums = attributes.keepsLogSumExp ? backend.makeTensorInfo([batch, queries, heads], 'float32') : undefined;
  attentionPrefill(operands, attributes, shape, result, logSums, backend);
  return logSums ? [result, logSums] : result;
};
