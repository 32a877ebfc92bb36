import type { Tensor } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import type { Logits } from '../generate/logits.js';
import type { StepArray, StepData } from './tracking.js';

/** What a backend does to record one step of a generation and to run it again. */
export type BeginCapture = () => StepCapture;

/**
 * Collects what a step runs on a backend, from its making on: each kernel in order with its operands and results. It holds
 * whatever the step makes (data.ts), so that the places stay its own. Where something cannot be recorded it calls
 * `noteEscape`. It records only while `isWatched()`.
 */
export interface StepCapture {
  /** A tensor with these numbers, which belongs to the `tf.tidy` around it. Replays write others to the same place. */
  tensor(values: StepArray, data: StepData): Tensor;
  /** The list, where nothing escaped; `result` [B, vocab] is what the step gives. */
  finish(result: Tensor): StepProgram;
  /** Takes back what it changed in the backend; where `finish` was not called, also lets go of what it holds. Always called. */
  end(): void;
}

/** One recorded step. Its logits are those of the last run, the captured one at first. */
export interface StepProgram extends Logits {
  readonly kernels: readonly RecordedKernel[];
  /** The data that it reads and did not make: weights, caches, constants. */
  readonly outside: ReadonlySet<object>;
  /** Whether the data outside are where they were. */
  isIntact(): boolean;
  /**
   * Runs the step with other numbers for its step tensors, in the order in which they were asked for.
   *
   * @returns False where a varying kernel has become another one: then nothing was run, and it must be recorded anew.
   */
  run(numbers: readonly StepArray[]): boolean;
  /** Lets go of everything. */
  drop(): void;
}

/** A kernel of a recorded step, for `explain` and tests. */
export interface RecordedKernel {
  readonly name: string;
  /** Shapes of what it writes. */
  readonly results: readonly (readonly number[])[];
  /** Whether its JavaScript runs again for each step. */
  readonly varies: boolean;
  readonly workgroups?: readonly [number, number, number];
}

const backends = new Map<string, BeginCapture>();

/** Tells how steps are recorded on a backend. */
export function recordSteps(backendName: string, begin: BeginCapture): void {
  backends.set(backendName, begin);
}

/** How a step is recorded on the active backend; `undefined` where it is not. */
export function captureBeginning(): BeginCapture | undefined {
  return backends.get(tf.getBackend());
}
