import type { Pointer } from './heap.js';

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
export const taskFields = 45;
export const taskBytes = taskFields * 4;

/** The field with the number of keys, which `writeTask` leaves 0. */
export const keysField = 12;

/** `GradientTask` in runtime/assembly/attention-gradient.ts. */
export const gradientTaskBytes = 5 * 4;

/** @param at The place of its first field in `integers` and `floats`, which lie over each other. */
export function writeTask(task: AttentionTask, at: number, integers: Int32Array, floats: Float32Array): void {
  const { bias, mask, dropout: drop } = task;
  let next = at;
  const write = (value: number): void => {
    integers[next++] = value;
  };
  const writeFloat = (value: number): void => {
    floats[next++] = value;
  };
  write(task.query);
  write(task.queryStride);
  write(task.queryHeadStride);
  write(task.key);
  write(task.keyStride);
  write(task.value);
  write(task.valueStride);
  write(task.result);
  write(task.resultStride);
  write(task.resultHeadStride);
  write(task.group);
  write(task.queries);
  write(0); // keys
  write(task.width);
  write(task.valueWidth);
  writeFloat(task.scale);
  writeFloat(task.cap);
  write(task.firsts);
  write(task.ends);
  for (const added of [bias, mask]) {
    write(added.at);
    write(added.head);
    write(added.query);
    write(added.key);
  }
  write(task.sinks);
  write(task.logSums);
  write(task.logSumStride);
  write(task.logSumHeadStride);
  writeFloat(drop.kept);
  write(drop.threshold);
  write(drop.key);
  write(drop.first);
  write(drop.query);
  write(drop.head);
}
