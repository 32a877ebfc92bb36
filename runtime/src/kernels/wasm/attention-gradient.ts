import type { AttendGradientAttributes } from '../attributes.js';
import { gradientTaskBytes } from './attention-task.js';
import { attentionTasks, taskRoom, writeTasks, writeVisible } from './attention-tasks.js';
import { countOf, type WasmKernel } from './kernel.js';

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
  const { kernels } = heap;
  const count = query!.shape[0]! * value!.shape[attributes.headsFirst ? 1 : 2]!;
  const into = Math.ceil((count * gradientTaskBytes) / 64) * 64;
  const scratchBytes = kernels.attentionGradientScratch(width, valueWidth);
  const room = taskRoom(heap, count, query!.shape[0]! * query!.shape[1]!);
  const scratch = heap.scratch(into + scratchBytes);
  const [dQuery, dKey, dValue] = gradients.map((gradient) => heap.pointer(gradient));
  if (dBias) heap.floats(heap.pointer(dBias), countOf(dBias.shape)).fill(0);
  const tensors = { query: query!, key: key!, value: value!, bias, mask, sinks: undefined, result: dy!, logSums };
  const from = { query: heap.pointer(query), key: heap.pointer(key), value: heap.pointer(value), dy: heap.pointer(dy) };
  const tasks = attentionTasks(tensors, attributes, room, heap);
  writeTasks(tasks, room.tasks, heap);
  writeVisible(room, key!.shape[1]!, attributes.visible, heap);
  const gradientTasks = tasks.flatMap((task) => [
    heap.pointer(y) + (task.result - from.dy),
    dQuery! + (task.query - from.query),
    dKey! + (task.key - from.key),
    dValue! + (task.value - from.value),
    dBias ? heap.pointer(dBias) + (task.bias.at - heap.pointer(bias)) : 0,
  ]);
  heap.integers(scratch, gradientTasks.length).set(gradientTasks);
  const products = (countOf(query!.shape) / width) * key!.shape[1]! * (width + valueWidth);
  // Several heads may add to the same gradient of the bias.
  const apart = Number(!dBias);
  kernels.attentionGradient(room.tasks, scratch, count, scratch + into, scratchBytes, products, apart);
  return dBias ? [...gradients, dBias] : gradients;
};
