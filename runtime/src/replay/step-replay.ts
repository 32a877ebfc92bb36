import type { Tensor, Variable } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import { type Logits, TensorLogits } from '../generate/logits.js';
import { captureBeginning, type RecordedKernel, type StepCapture, type StepProgram } from './backend.js';
import {
  type Guarded,
  noteStepRead,
  readingStep,
  type StepArray,
  type StepData,
  type Watcher,
  watched,
} from './tracking.js';

/** What a step adds to the sequences. What reads it runs again for each step. */
class StepInput {
  #tokens: readonly number[] = [];
  #moves: readonly number[] = [];

  /** @param moves 1 for a sequence that goes on, 0 for one that stays where it is. */
  set(tokens: readonly number[], moves: readonly number[]): void {
    this.#tokens = tokens;
    this.#moves = moves;
  }

  get tokens(): readonly number[] {
    noteStepRead();
    return this.#tokens;
  }

  get moves(): readonly number[] {
    noteStepRead();
    return this.#moves;
  }
}

/** So many recordings that were never used, one after the other, and no more are made. */
const mostUnused = 3;

/**
 * Runs the steps of one generation: the first one as it is, under a capture, the next ones from what was recorded, in the
 * manner of CUDA graphs. What depends on the step was found by tracking (tracking.ts), so a replay does what the step would
 * do; where a guard says that it would not, the step is captured again. A step that escapes its capture is right, and
 * the ones after it run without one.
 */
export class StepReplay {
  readonly input = new StepInput();
  #recording: Recording | undefined;
  #escaped: string | undefined;
  #unused = 0;

  /** The kernels of the recorded step; `undefined` where there is none. */
  get kernels(): readonly RecordedKernel[] | undefined {
    return this.#recording?.program.kernels;
  }

  /** Why steps of this generation are not replayed. */
  get escaped(): string | undefined {
    return this.#escaped;
  }

  /** @param compute One step of the model: its logits [B, vocab]. It reads what `input` has, and the positions of the state. */
  step(compute: () => Tensor): Logits {
    const begin = captureBeginning();
    if (!begin || !isPlain()) return new TensorLogits(tf.tidy(compute));
    if (this.#recording?.run()) return this.#recording.program;
    this.#forget();
    if (this.#escaped) return new TensorLogits(tf.tidy(compute));
    return this.#capture(begin(), compute);
  }

  /** Lets go of what was recorded: the caches are others now, or the generation is over. */
  drop(): void {
    this.#recording?.program.drop();
    this.#recording = undefined;
  }

  #forget(): void {
    if (!this.#recording) return;
    this.#unused = this.#recording.runs === 0 ? this.#unused + 1 : 0;
    if (this.#unused === mostUnused) this.#escaped = 'each step is another list of kernels';
    this.drop();
  }

  #capture(capture: StepCapture, compute: () => Tensor): Logits {
    const recording = new RecordingInMaking(capture);
    try {
      const result = tf.tidy(() => {
        const logits = watched(recording, compute);
        const made = recording.escaped ? undefined : capture.finish(logits);
        this.#recording = made && new Recording(made, recording);
        return made ? undefined : tf.clone(logits);
      });
      this.#escaped = recording.escaped;
      return result ? new TensorLogits(result) : this.#recording!.program;
    } finally {
      capture.end();
    }
  }
}

/** Nobody wants gradients or a profile, which are those of single operators. */
function isPlain(): boolean {
  const { gradientDepth, profiling } = tf.engine().state;
  return gradientDepth === 0 && !profiling;
}

interface Guard {
  readonly read: () => Guarded;
  readonly value: Guarded;
}

/** What a captured step tells of itself. */
class RecordingInMaking implements Watcher {
  readonly data: { readonly make: () => StepArray; readonly length: number }[] = [];
  readonly guards: Guard[] = [];
  escaped: string | undefined;
  readonly #capture: StepCapture;

  constructor(capture: StepCapture) {
    this.#capture = capture;
  }

  escape(why: string): void {
    this.escaped ??= why;
  }

  guard(read: () => Guarded, value: Guarded): void {
    this.guards.push({ read, value });
  }

  tensor(data: StepData): Tensor {
    const values = readingStep(data.make);
    this.data.push({ make: data.make, length: values.length });
    return this.#capture.tensor(values, data);
  }
}

/** A recorded step and when it may be run. */
class Recording {
  readonly program: StepProgram;
  runs = 0;
  readonly #backend = tf.backend();
  readonly #variables: readonly { readonly variable: Variable; readonly dataId: object }[];
  readonly #guards: readonly Guard[];
  readonly #data: RecordingInMaking['data'];

  constructor(program: StepProgram, { guards, data }: RecordingInMaking) {
    this.program = program;
    this.#guards = guards;
    this.#data = data;
    // `assign` gives a variable other data: a training step between two steps must be seen.
    this.#variables = Object.values(tf.engine().registeredVariables)
      .filter(({ dataId }) => program.outside.has(dataId))
      .map((variable) => ({ variable, dataId: variable.dataId }));
  }

  /** @returns False where the step would be another one than the recorded. Then nothing was run. */
  run(): boolean {
    if (!this.#isValid()) return false;
    const numbers = this.#data.map(({ make }) => make());
    if (numbers.some((made, i) => made.length !== this.#data[i]!.length)) return false;
    if (!this.program.run(numbers)) return false;
    this.runs++;
    return true;
  }

  #isValid(): boolean {
    return (
      tf.backend() === this.#backend &&
      this.#variables.every(({ variable, dataId }) => variable.dataId === dataId) &&
      this.#guards.every(({ read, value }) => read() === value) &&
      this.program.isIntact()
    );
  }
}
