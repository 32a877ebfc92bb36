import type { AttendAttributes } from '../attributes.js';
import { attentionTasks, taskRoom, writeTasks, writeVisible } from './attention-tasks.js';
import type { WasmKernel } from './kernel.js';

/**
 * [query [B, Tq, H, d_k], key, value (see `headsFirst`), bias?, mask?, sinks [H]?] → [B, Tq, H, d_v], and, where it is to be kept,
 * the log-sum-exp of each row's scores [B, Tq, H], 0 for a row that sees nothing. What is added broadcasts to
 * [B, H, Tq, Tk]. Besides the results no memory is used but for one key head's packed keys.
 */
export const attention: WasmKernel<AttendAttributes> = (operands, attributes, heap) => {
  const [query, key, value, bias, mask, sinks] = operands;
  const [batch, queries, heads, width] = query!.shape as [number, number, number, number];
  const valueWidth = value!.shape[3]!;
  const keyHeads = value!.shape[attributes.headsFirst ? 1 : 2]!;
  const result = heap.output([batch, queries, heads, valueWidth]);
  const logSums = attributes.keepsLogSumExp ? heap.output([batch, queries, heads]) : undefined;
  const room = taskRoom(heap, batch * keyHeads, batch * queries);
  const tensors = { query: query!, key: key!, value: value!, bias, mask, sinks, result, logSums };
  writeTasks(attentionTasks(tensors, attributes, room, heap), room.tasks, heap);
  heap.repeat(() => {
    const { visible } = attributes;
    let keys = 0;
    for (const end of visible.ends) keys = Math.max(keys, end);
    writeVisible(room, keys, visible, heap);
    const { kernels } = heap;
    const scratchBytes = kernels.attentionScratch(queries * (heads / keyHeads), keys, width, valueWidth);
    const products = batch * queries * heads * keys * (width + valueWidth);
    kernels.attention(room.tasks, room.count, heap.scratch(scratchBytes), scratchBytes, products);
  });
  return logSums ? [result, logSums] : result;
};
