import type { Heap, Pointer } from './heap.js';

/** The inputs of one call of `attention`, in the order and with the meaning of runtime/assembly/attention-task.ts. */
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
  readonly keys: number;
  readonly width: number;
  readonly valueWidth: number;
  readonly scale: number;
  readonly cap: number;
  readonly firsts: Pointer;
  readonly ends: Pointer;
  readonly bias: AddedScores;
  readonly mask: AddedScores;
  readonly sinks: Pointer;
  readonly scratch: Pointer;
}

/** A tensor that broadcasts to [head, query, key], from one head on; strides in bytes. */
export interface AddedScores {
  readonly at: Pointer;
  readonly head: number;
  readonly query: number;
  readonly key: number;
}

/** 31 fields of input and 5 that the kernel uses itself. */
export const taskBytes = 36 * 4;

export function writeTask(task: AttentionTask, at: Pointer, heap: Heap): void {
  const { bias, mask } = task;
  const before = [
    ...[task.query, task.queryStride, task.queryHeadStride, task.key, task.keyStride, task.value, task.valueStride],
    ...[task.result, task.resultStride, task.resultHeadStride],
    ...[task.group, task.queries, task.keys, task.width, task.valueWidth],
  ];
  const behind = [
    ...[task.firsts, task.ends, bias.at, bias.head, bias.query, bias.key, mask.at, mask.head, mask.query, mask.key],
    ...[task.sinks, task.scratch],
  ];
  const integers = heap.integers(at, before.length + 2 + behind.length);
  integers.set(before);
  heap.floats(at + before.length * 4, 2).set([task.scale, task.cap]);
  integers.set(behind, before.length + 2);
}
