import type { AttendAttributes } from '../attributes.js';
import { attentionDecode } from './attention-decode.js';
import { attentionPrefill } from './attention-prefill.js';
import { attentionShape } from './attention-shape.js';
import type { WebGpuKernel } from './kernel.js';

/** Up to so many queries the keys are split. */
const fewQueries = 4;

/**
 * [query [B, Tq, H, d_k], key, value (see `headsFirst`), bias?, mask?, sinks [H]?] → [B, Tq, H, d_v]. What is added broadcasts to
 * [B, H, Tq, Tk]. All of them are read where they lie.
 */
export const attention: WebGpuKernel<AttendAttributes> = (operands, attributes, backend) => {
  const shape = attentionShape(operands, attributes.headsFirst);
  const { batch, queries, heads, valueWidth } = shape;
  const result = backend.makeTensorInfo([batch, queries, heads, valueWidth], 'float32');
  const run = queries <= fewQueries ? attentionDecode : attentionPrefill;
  run(operands, attributes, shape, result, backend);
  return result;
};
