import type { Heap, Pointer } from './heap.js';

/** One of the tasks of `attention`, in the order and with the meaning of runtime/assembly/attention-task.ts. */
export interface AttentionTask {
  readonly query: Pointer;
  readonly queryStride: number;
  readonly queryHeadStride: number;
  readonly key: Pointer;
  readonly keyStride: number;
  readonly value: Pointer;
  readonly valueStride: number;
  readonly result: Pointer;
  readonly resultStride: number;
  readonly resultHeadStride: number;
  readonly group: number;
  readonly queries: number;
  readonly width: number;
  readonly valueWidth: number;
  readonly scale: number;
  readonly cap: number;
  readonly firsts: Pointer;
  readonly ends: Pointer;
  readonly bias: AddedScores;
  readonly mask: AddedScores;
  readonly sinks: Pointer;
  readonly logSums: Pointer;
  readonly logSumStride: number;
  readonly logSumHeadStride: number;
  readonly dropout: DropoutTask;
}

/** A mask of dropout over [B, H, rows, keys]. */
export interface DropoutTask {
  /** Multiplies what is kept; 0: no dropout. */
  readonly kept: number;
  readonly threshold: number;
  readonly key: number;
  readonly first: number;
  readonly query: number;
  readonly head: number;
}

/** A tensor that broadcasts to [head, query, key], from one head on; strides in bytes. */
export interface AddedScores {
  readonly at: Pointer;
  readonly head: number;
  readonly query: number;
  readonly key: number;
}

/** 37 fields of input and 8 that the kernel uses itself. */
export const taskBytes = 45 * 4;

/** The field with the number of keys, which `writeTask` leaves 0. */
export const keysField = 12;

/** `GradientTask` in runtime/assembly/attention-gradient.ts. */
export const gradientTaskBytes = 5 * 4;

export function writeTask(task: AttentionTask, at: Pointer, heap: Heap): void {
  const { bias, mask, dropout } = task;
  const before = [
    ...[task.query, task.queryStride, task.queryHeadStride, task.key, task.keyStride, task.value, task.valueStride],
    ...[task.result, task.resultStride, task.resultHeadStride],
    ...[task.group, task.queries, 0, task.width, task.valueWidth],
  ];
  const behind = [
    ...[task.firsts, task.ends, bias.at, bias.head, bias.query, bias.key, mask.at, mask.head, mask.query, mask.key],
    ...[task.sinks, task.logSums, task.logSumStride, task.logSumHeadStride],
  ];
  const drop = [dropout.threshold, dropout.key, dropout.first, dropout.query, dropout.head].map((value) => value | 0);
  const length = before.length + 2 + behind.length + 1 + drop.length;
  const integers = heap.integers(at, length);
  const floats = heap.floats(at, length);
  integers.set(before);
  floats.set([task.scale, task.cap], before.length);
  integers.set(behind, before.length + 2);
  floats[before.length + 2 + behind.length] = dropout.kept;
  integers.set(drop, before.length + 3 + behind.length);
}
