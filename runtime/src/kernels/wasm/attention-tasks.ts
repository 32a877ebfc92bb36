import type { TensorInfo } from '@tensorflow/tfjs';
import type { AttendAttributes, KeyIntervals } from '../attributes.js';
import { broadcastStrides } from '../broadcast.js';
import { counterMask } from '../counter-mask.js';
import {
  type AddedScores,
  type AttentionTask,
  type DropoutTask,
  keysField,
  taskBytes,
  taskFields,
  writeTask,
} from './attention-task.js';
import type { Heap, Pointer } from './heap.js';

/** Tensors that one attention reads and writes. */
export interface AttentionTensors {
  readonly query: TensorInfo;
  readonly key: TensorInfo;
  readonly value: TensorInfo;
  readonly bias: TensorInfo | undefined;
  readonly mask: TensorInfo | undefined;
  readonly sinks: TensorInfo | undefined;
  /** [B, Tq, H, d_v]: the result, or the gradient of it that is read. */
  readonly result: TensorInfo;
  readonly logSums: TensorInfo | undefined;
}

/** Where the tasks of one attention are, and the interval of keys of each query of each batch entry. */
export interface TaskRoom {
  readonly tasks: Pointer;
  readonly count: number;
  readonly firsts: Pointer;
  readonly ends: Pointer;
  /** Queries of all batch entries. */
  readonly intervals: number;
}

export function taskRoom(heap: Heap, count: number, intervals: number): TaskRoom {
  const length = Math.ceil(intervals / 4) * 16;
  const tasks = heap.room(count * taskBytes + 2 * length);
  const firsts = tasks + count * taskBytes;
  return { tasks, count, firsts, ends: firsts + length, intervals };
}

/** Tells all tasks how many keys count, and which each query sees; intervals of one batch entry are those of all. */
export function writeVisible(room: TaskRoom, keys: number, { firsts, ends }: KeyIntervals, heap: Heap): void {
  const [firstsAt, endsAt] = [heap.integers(room.firsts, room.intervals), heap.integers(room.ends, room.intervals)];
  for (let from = 0; from < room.intervals; from += ends.length) {
    firstsAt.set(firsts, from);
    endsAt.set(ends, from);
  }
  const fields = heap.integers(room.tasks, room.count * taskFields);
  for (let at = keysField; at < fields.length; at += taskFields) fields[at] = keys;
}

/** Behind each other, as the kernels read them. */
export function writeTasks(tasks: readonly AttentionTask[], at: Pointer, heap: Heap): void {
  const length = tasks.length * taskFields;
  const [integers, floats] = [heap.integers(at, length), heap.floats(at, length)];
  for (const [i, task] of tasks.entries()) writeTask(task, i * taskFields, integers, floats);
}

/** The tasks of one attention: one for each batch entry and key head, with all heads that read it; how many keys count is not in them. */
export function attentionTasks(
  of: AttentionTensors,
  attributes: AttendAttributes,
  room: TaskRoom,
  heap: Heap,
): AttentionTask[] {
  const [batch, queries, heads, width] = of.query.shape as [number, number, number, number];
  const keyHeads = of.value.shape[attributes.headsFirst ? 1 : 2]!;
  const valueWidth = of.value.shape[3]!;
  const group = heads / keyHeads;
  const [query, result, logSums, sinks] = [of.query, of.result, of.logSums, of.sinks].map((tensor) =>
    heap.pointer(tensor),
  );
  const [readKey, readValue] = [of.key, of.value].map((rows) => rowsReader(heap, rows, attributes.headsFirst));
  const readBias = scoresReader(heap, of.bias, attributes.biasByDistance, queries);
  const readMask = scoresReader(heap, of.mask, attributes.maskByDistance, queries);
  const dropout = dropoutReader(attributes, heads);
  return Array.from({ length: batch * keyHeads }, (_, i) => {
    const [b, g] = [Math.floor(i / keyHeads), i % keyHeads];
    const first = b * queries * heads + g * group;
    return {
      query: query! + first * width * 4,
      queryStride: heads * width * 4,
      queryHeadStride: width * 4,
      key: readKey!.at(b, g),
      keyStride: readKey!.stride,
      value: readValue!.at(b, g),
      valueStride: readValue!.stride,
      result: result! + first * valueWidth * 4,
      resultStride: heads * valueWidth * 4,
      resultHeadStride: valueWidth * 4,
      ...{ group, queries, width, valueWidth, scale: attributes.scale, cap: attributes.cap },
      firsts: room.firsts + b * queries * 4,
      ends: room.ends + b * queries * 4,
      bias: readBias(b, g * group),
      mask: readMask(b, g * group),
      sinks: of.sinks ? sinks! + g * group * 4 : 0,
      logSums: of.logSums ? logSums! + first * 4 : 0,
      logSumStride: heads * 4,
      logSumHeadStride: 4,
      dropout: dropout(b, g * group),
    };
  });
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

/** What is added to the scores of a batch entry from a head on. */
function scoresReader(
  heap: Heap,
  scores: TensorInfo | undefined,
  byDistance: boolean,
  queries: number,
): (b: number, head: number) => AddedScores {
  if (!scores) return () => nothing;
  const start = heap.pointer(scores);
  const { from, batch, head, query, key } = broadcastStrides(scores.shape, byDistance, queries);
  return (b, h) => ({ at: start + 4 * (from + b * batch + h * head), head: 4 * head, query: 4 * query, key: 4 * key });
}

/** The mask of dropout of a batch entry from a head on. */
function dropoutReader({ dropout, keys }: AttendAttributes, heads: number) {
  if (!dropout) return (): DropoutTask => ({ kept: 0, threshold: 0, key: 0, first: 0, query: 0, head: 0 });
  const { kept, threshold, key } = counterMask(dropout.rate, dropout.seed);
  const { rows, from } = dropout;
  return (b: number, h: number): DropoutTask => {
    const first = ((b * heads + h) * rows + from) * keys;
    return {
      kept,
      threshold: Math.ceil(threshold),
      key,
      first: first % 2 ** 32,
      query: keys,
      head: (rows * keys) % 2 ** 32,
    };
  };
}
