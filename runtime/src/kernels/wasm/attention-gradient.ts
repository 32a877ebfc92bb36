import type { AttendGradientAttributes } from '../attributes.js';
import { writeTask } from './attention-task.js';
import { attentionTasks, scratchParts } from './attention-tasks.js';
import type { WasmKernel } from './kernel.js';

/** The fields of `GradientTask` in runtime/assembly/attention-gradient.ts, and room to the next line of the cache. */
const gradientTaskBytes = 64;

/**
 * [query, key, value, bias?, mask?, dy [B, Tq, H, d_v], y [B, Tq, H, d_v], logSumExp [B, Tq, H]] → the gradients of
 * query, key, value and, where it learns, bias. Besides the results some kilobytes are used.
 */
export const attentionGradient: WasmKernel<AttendGradientAttributes> = (operands, attributes, heap) => {
  const [query, key, value, bias, mask, dy, y, logSums] = operands;
  const width = query!.shape[3]!;
  const valueWidth = value!.shape[3]!;
  const gradients = [query!, key!, value!].map(({ shape }) => heap.output(shape));
  const dBias = attributes.biasLearns ? heap.output(bias!.shape) : undefined;
  const bytes = gradientTaskBytes + heap.kernels.attentionGradientScratch(width, valueWidth);
  const { free, ...parts } = scratchParts(heap, attributes, bytes);
  const [dQuery, dKey, dValue] = gradients.map((gradient) => heap.pointer(gradient));
  if (dBias)
    heap
      .floats(
        heap.pointer(dBias),
        dBias.shape.reduce((n, size) => n * size, 1),
      )
      .fill(0);
  const tensors = { query: query!, key: key!, value: value!, bias, mask, sinks: undefined, result: dy!, logSums };
  const from = { query: heap.pointer(query), key: heap.pointer(key), value: heap.pointer(value), dy: heap.pointer(dy) };
  const keys = key!.shape[1]!;
  for (const task of attentionTasks(tensors, attributes, keys, { ...parts, free: free + gradientTaskBytes }, heap)) {
    const biasAt = dBias ? heap.pointer(dBias) + (task.bias.at - heap.pointer(bias)) : 0;
    writeTask(task, parts.task, heap);
    const fields = [
      heap.pointer(y) + (task.result - from.dy),
      dQuery! + (task.query - from.query),
      dKey! + (task.key - from.key),
      dValue! + (task.value - from.value),
      biasAt,
    ];
    heap.integers(free, fields.length).set(fields);
    heap.kernels.attentionGradient(parts.task, free);
  }
  return dBias ? [...gradients, dBias] : gradients;
};
