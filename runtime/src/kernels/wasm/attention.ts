import type { TensorInfo } from '@tensorflow/tfjs';
import type { AttendAttributes } from '../attributes.js';
import { type AddedScores, type AttentionTask, taskBytes, writeTask } from './attention-task.js';
import type { Heap, Pointer } from './heap.js';
import type { WasmKernel } from './kernel.js';

/**
 * [query [B, Tq, H, d_k], key, value (see `headsFirst`), bias?, mask?, sinks [H]?] → [B, Tq, H, d_v]. What is added broadcasts to
 * [B, H, Tq, Tk]. Besides the result no memory is used but for one key head's packed keys.
 */
export const attention: WasmKernel<AttendAttributes> = (operands, attributes, heap) => {
  const [query, key, value, bias, mask, sinks] = operands;
  const [batch, queries, heads, width] = query!.shape as [number, number, number, number];
  const keyHeads = value!.shape[attributes.headsFirst ? 1 : 2]!;
  const valueWidth = value!.shape[3]!;
  const { firsts, ends } = attributes.visible;
  const keys = ends.reduce((most, end) => Math.max(most, end), 0);
  const group = heads / keyHeads;

  const result = heap.output([batch, queries, heads, valueWidth]);
  const parts = scratchParts(
    heap,
    firsts.length,
    heap.kernels.attentionScratch(queries * group, keys, width, valueWidth),
  );
  heap.integers(parts.firsts, firsts.length).set(firsts);
  heap.integers(parts.ends, ends.length).set(ends);
  const from = heap.pointer(query);
  const to = heap.pointer(result);
  const readKey = rowsReader(heap, key!, attributes.headsFirst);
  const readValue = rowsReader(heap, value!, attributes.headsFirst);
  const readBias = scoresReader(heap, bias);
  const readMask = scoresReader(heap, mask);
  const ownIntervals = firsts.length > queries ? queries * 4 : 0;
  for (let b = 0; b < batch; b++)
    for (let g = 0; g < keyHeads; g++) {
      const task: AttentionTask = {
        query: from + (b * queries * heads + g * group) * width * 4,
        queryStride: heads * width * 4,
        queryHeadStride: width * 4,
        key: readKey.at(b, g),
        keyStride: readKey.stride,
        value: readValue.at(b, g),
        valueStride: readValue.stride,
        result: to + (b * queries * heads + g * group) * valueWidth * 4,
        resultStride: heads * valueWidth * 4,
        resultHeadStride: valueWidth * 4,
        ...{ group, queries, keys, width, valueWidth, scale: attributes.scale, cap: attributes.cap },
        firsts: parts.firsts + b * ownIntervals,
        ends: parts.ends + b * ownIntervals,
        bias: readBias(b, g * group),
        mask: readMask(b, g * group),
        sinks: sinks ? heap.pointer(sinks) + g * group * 4 : 0,
        scratch: parts.free,
      };
      writeTask(task, parts.task, heap);
      heap.kernels.attention(parts.task);
    }
  return result;
};

/** The task, the intervals, and what the kernel itself wants. */
function scratchParts(heap: Heap, intervals: number, bytes: number) {
  const length = Math.ceil(intervals / 4) * 16;
  const task = heap.scratch(taskBytes + 2 * length + bytes);
  const firsts = task + taskBytes;
  return { task, firsts, ends: firsts + length, free: firsts + 2 * length };
}

/** Where the rows of a batch entry's key head begin, and how far apart they are. */
function rowsReader(heap: Heap, rows: TensorInfo, headsFirst: boolean) {
  const [, second, third, width] = rows.shape as [number, number, number, number];
  const start = heap.pointer(rows);
  const row = width * 4;
  return headsFirst
    ? { stride: row, at: (b: number, g: number): Pointer => start + (b * second + g) * third * row }
    : { stride: third * row, at: (b: number, g: number): Pointer => start + (b * second * third + g) * row };
}

const nothing: AddedScores = { at: 0, head: 0, query: 0, key: 0 };

/** What is added to the scores of a batch entry from a head on; an axis of size 1 has stride 0. */
function scoresReader(heap: Heap, scores: TensorInfo | undefined): (b: number, head: number) => AddedScores {
  if (!scores) return () => nothing;
  const start = heap.pointer(scores);
  const strides = [0, 0, 0, 0];
  let bytes = 4;
  for (let axis = 3; axis >= 0; axis--) {
    const n = scores.shape[axis]!;
    strides[axis] = n === 1 ? 0 : bytes;
    bytes *= n;
  }
  const [batch, head, query, key] = strides as [number, number, number, number];
  return (b, h) => ({ at: start + b * batch + h * head, head, query, key });
}
