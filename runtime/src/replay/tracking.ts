import type { Tensor } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';

/**
 * While one step of a generation is captured (capture.ts), everything that reads where in the sequence it is must be one of
 * three: data that is made again for each step (`stepTensor`), a kernel whose JavaScript runs again (`insideKernel`), or a
 * guard (`guarded`). What else reads it is found here, and the step is then not replayed.
 */

/** What is told to whoever captures. */
export interface Watcher {
  /** The step is right, but cannot be replayed; `why` is for `explain` and tests. */
  escape(why: string): void;
  guard(read: () => Guarded, value: Guarded): void;
  /** A tensor whose numbers are made again for each step. */
  tensor(data: StepData): Tensor;
}

/** Numbers that are made again for each step, always as many. */
export interface StepData {
  readonly make: () => StepArray;
  readonly shape: readonly number[];
  readonly dtype: 'float32' | 'int32' | 'bool';
}

export type StepArray = Float32Array | Int32Array | Uint8Array;

/** What shapes the list of kernels. */
export type Guarded = number | string | boolean;

/** The kernel that runs now. */
interface Frame {
  varies: boolean;
}

let watcher: Watcher | undefined;
let frame: Frame | undefined;
/** Readers that may read: those that do so again for each step. */
let readers = 0;

/** Runs one step under a watcher. */
export function watched<T>(by: Watcher, run: () => T): T {
  const before = { watcher, frame, readers };
  [watcher, frame, readers] = [by, undefined, 0];
  try {
    return run();
  } finally {
    ({ watcher, frame, readers } = before);
  }
}

/** For what belongs to no step: the constants of a generation, made in its first one. */
export function unwatched<T>(run: () => T): T {
  const before = watcher;
  watcher = undefined;
  try {
    return run();
  } finally {
    watcher = before;
  }
}

/** The position, the tokens or another part of what makes a step another one is read. */
export function noteStepRead(): void {
  if (!watcher || readers > 0) return;
  if (frame) frame.varies = true;
  else noteEscape('something reads the position that is not made again for each step');
}

/** What follows is not in the recording: the step cannot be replayed. */
export function noteEscape(why: string): void {
  watcher?.escape(why);
  watcher = undefined;
}

/** Whether what runs now belongs to a step that is captured. */
export function isWatched(): boolean {
  return watcher !== undefined;
}

/** Runs what may read the position, because it runs again for each step. */
export function readingStep<T>(read: () => T): T {
  readers++;
  try {
    return read();
  } finally {
    readers--;
  }
}

/** A value that decides which kernels run, and how: where another step has another one, that step is recorded anew. */
export function guarded<T extends Guarded>(read: () => T): T {
  if (!watcher) return read();
  const value = readingStep(read);
  watcher.guard(read, value);
  return value;
}

/** A tensor of numbers that are another ones at each step: token ids, rows of a table of positions, masks. */
export function stepTensor(data: StepData): Tensor {
  if (watcher) return watcher.tensor(data);
  return tf.tensor(data.make(), [...data.shape], data.dtype);
}

/** Runs a kernel. It varies where it has read the position: its JavaScript must run again for each step. */
export function insideKernel<T>(run: () => T): { readonly result: T; readonly varies: boolean } {
  const before = frame;
  const own: Frame = { varies: false };
  frame = own;
  try {
    return { result: run(), varies: own.varies };
  } finally {
    frame = before;
  }
}
