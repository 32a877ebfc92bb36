// Records steps on the cpu backend, which nobody else does.
// @vitest-environment-options { "process": "recorded steps" }
import * as tf from '@tensorflow/tfjs';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { useBackend } from '../../../runtime/src/index.js';
import { recordSteps, type StepCapture, type StepProgram } from '../../../runtime/src/replay/backend.js';
import { StepReplay } from '../../../runtime/src/replay/step-replay.js';
import {
  guarded,
  insideKernel,
  noteEscape,
  noteStepRead,
  type StepArray,
  stepTensor,
  unwatched,
} from '../../../runtime/src/replay/tracking.js';

/** What a capture of the backend below is asked for: steps are not computed again, only their numbers are. */
const log: string[] = [];
const outside = new Set<object>();
let intact = true;
let isSame = true;

class Program implements StepProgram {
  readonly kernels = [];
  readonly outside = outside;
  isIntact = () => intact;
  run(numbers: readonly StepArray[]): boolean {
    if (isSame) log.push(`run ${numbers.map((each) => `[${each.join()}]`).join(' ')}`);
    return isSame;
  }
  drop = () => void log.push('drop');
  tensor = () => tf.scalar(1);
  read = async () => Float32Array.of(1);
  dispose(): void {}
}

function capture(): StepCapture {
  log.push('begin');
  return {
    tensor: (values, { shape, dtype }) => tf.tensor(values, [...shape], dtype),
    finish: () => {
      log.push('finish');
      return new Program();
    },
    end: () => void log.push('end'),
  };
}

/** Where the step of a test stands. */
let position = 0;
const readPosition = () => {
  noteStepRead();
  return position;
};
const ids = (length = 1) =>
  stepTensor({ make: () => new Int32Array(length).fill(readPosition()), shape: [length], dtype: 'int32' });

/** Runs so many steps, and tells what happened. */
function steps(replay: StepReplay, count: number, compute: () => tf.Tensor): string[] {
  log.length = 0;
  for (let i = 0; i < count; i++, position++) replay.step(compute);
  return [...log];
}

describe('steps of a generation', () => {
  beforeAll(async () => {
    await useBackend('cpu');
    recordSteps('cpu', capture);
  });

  beforeEach(() => {
    [position, intact, isSame] = [5, true, true];
    outside.clear();
  });

  test('the first is captured, the next ones get their own numbers', () => {
    const replay = new StepReplay();
    expect(steps(replay, 3, () => ids(2))).toEqual(['begin', 'finish', 'end', 'run [6,6]', 'run [7,7]']);
    expect(replay.escaped).toBeUndefined();
    replay.drop();
    expect(log.at(-1)).toBe('drop');
  });

  test.each<[string, () => unknown]>([
    ['that reads the position anywhere', readPosition],
    ['that reads it behind what was tracked', () => [ids(), insideKernel(readPosition), readPosition()]],
    ['with a kernel that cannot be recorded', () => noteEscape('no')],
  ])('a step %s runs as it is, and is not captured again', (_, body) => {
    const replay = new StepReplay();
    let computed = 0;
    const compute = () => {
      computed++;
      body();
      return tf.scalar(1);
    };
    expect(steps(replay, 3, compute)).toEqual(['begin', 'end']);
    expect(computed).toBe(3);
    expect(replay.escaped).toBeDefined();
  });

  test('a kernel varies where it reads the position; guards in it do not count, nor what belongs to no step', () => {
    let varying: boolean[] = [];
    const replay = new StepReplay();
    const compute = () => {
      const kernels = [readPosition, () => guarded(() => readPosition() > 0), () => unwatched(readPosition), () => 1];
      varying = kernels.map((run) => insideKernel<unknown>(run).varies);
      return tf.scalar(1);
    };
    expect(steps(replay, 2, compute)).toEqual(['begin', 'finish', 'end', 'run ']);
    expect(varying).toEqual([true, false, false, false]);
  });

  test('another value of a guard, other data or another kernel: captured again', () => {
    const replay = new StepReplay();
    const compute = () => {
      guarded(() => readPosition() < 7);
      return ids();
    };
    const again = ['drop', 'begin', 'finish', 'end'];
    expect(steps(replay, 3, compute)).toEqual(['begin', 'finish', 'end', 'run [6]', ...again]);
    expect(steps(replay, 1, compute)).toEqual(['run [8]']);
    intact = false;
    expect(steps(replay, 1, compute)).toEqual(again);
    intact = true;
    expect(steps(replay, 1, compute)).toEqual(['run [10]']);
    isSame = false;
    expect(steps(replay, 1, compute)).toEqual(again);
  });

  test('numbers of another length: captured again', () => {
    const replay = new StepReplay();
    const rows = () => (position < 7 ? 1 : 2);
    const compute = () => stepTensor({ make: () => new Float32Array(rows()), shape: [rows()], dtype: 'float32' });
    const first = ['begin', 'finish', 'end', 'run [0]'];
    expect(steps(replay, 4, compute)).toEqual([...first, 'drop', 'begin', 'finish', 'end', 'run [0,0]']);
  });

  test('a variable that was assigned is seen', () => {
    const weight = tf.variable(tf.scalar(1));
    outside.add(weight.dataId);
    const replay = new StepReplay();
    steps(replay, 1, () => ids());
    expect(steps(replay, 1, () => ids())).toEqual(['run [6]']);
    weight.assign(tf.scalar(2));
    expect(steps(replay, 1, () => ids())).toEqual(['drop', 'begin', 'finish', 'end']);
    weight.dispose();
  });

  test('recordings that are never used are not made for ever', () => {
    const replay = new StepReplay();
    const found = steps(replay, 9, () => {
      guarded(readPosition);
      return ids();
    });
    expect(found.filter((what) => what === 'begin')).toHaveLength(3);
    expect(found.filter((what) => what === 'drop')).toHaveLength(3);
    expect(replay.escaped).toContain('another list');
  });

  test('an error in a captured step leaves nothing behind, and the next one is captured', () => {
    const replay = new StepReplay();
    let fails = true;
    const compute = () => {
      if (fails) throw new Error('full');
      return ids();
    };
    expect(() => steps(replay, 1, compute)).toThrow('full');
    expect(log).toEqual(['begin', 'end']);
    fails = false;
    expect(steps(replay, 2, compute)).toEqual(['begin', 'finish', 'end', 'run [6]']);
  });

  test('where a gradient or a profile is recorded, steps run as they are', async () => {
    const replay = new StepReplay();
    steps(replay, 1, () => ids());
    const plain = () => {
      expect(steps(replay, 1, () => ids())).toEqual([]);
      return tf.scalar(0);
    };
    tf.grad((x) => tf.add(x, plain()))(tf.scalar(1));
    await tf.profile(() => plain());
    expect(steps(replay, 1, () => ids())).toEqual(['run [8]']);
  });
});
