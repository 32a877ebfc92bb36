import * as tf from '@tensorflow/tfjs';
import { afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { TensorLogits } from '../../../runtime/src/generate/logits.js';
import { useBackend } from '../../../runtime/src/index.js';
import { StepReplay } from '../../../runtime/src/replay/step-replay.js';
import {
  gpt2,
  mixtures,
  recordingsOfLengths,
  recordingsOverGuards,
  recurrentStepsAreSame,
  replayedModels,
  sameStep,
  statesAt,
  withFormulas,
} from '../../gpu/replay/kit.js';

beforeAll(async () => {
  await useBackend('wasm');
});

afterEach(() => {
  vi.restoreAllMocks();
});

/** The part of tfjs through which every tensor and all memory come. */
interface Engine {
  track(tensor: object): void;
}
interface Backend {
  readonly wasm: { _malloc(bytes: number): number; _free(at: number): void };
  write(...args: unknown[]): object;
  numDataIds(): number;
}

/** Counts what is made from now on. */
function counting() {
  const backend = tf.backend() as unknown as Backend;
  return {
    tensors: vi.spyOn(tf.engine() as unknown as Engine, 'track').mock,
    data: vi.spyOn(backend, 'write').mock,
    blocks: vi.spyOn(backend.wasm, '_malloc').mock,
    freed: vi.spyOn(backend.wasm, '_free').mock,
  };
}

describe.each(Object.entries(replayedModels))('%s', (_, of) => {
  test('replayed steps give the logits of steps that are not, bit for bit, over every guard', async () => {
    expect(await recordingsOverGuards(of)).toEqual([2, 2, 1, 2]);
  });

  test('a token makes no tensor and takes no memory', async () => {
    const model = await of.make();
    const drawing = model.generateBatch(of.inputs, { temperature: 0, maxNewTokens: 11, stopTokens: [] });
    const { tensors, data, blocks, freed } = counting();
    const made: number[] = [];
    for (;;) {
      const before = tensors.calls.length + data.calls.length + blocks.calls.length + freed.calls.length;
      const { done } = await drawing.next();
      if (done) break;
      made.push(tensors.calls.length + data.calls.length + blocks.calls.length + freed.calls.length - before);
    }
    // The first token is the prefill's; the second one is of a captured step, and so is the fifth, which reads more of the cache.
    expect(made.flatMap((count, i) => (count === 0 ? [] : [i]))).toEqual([0, 1, 4]);
    expect(made.length).toBe(11);
    model.dispose();
  });

  test('beams are those of steps that are not replayed, and everything is given back', async () => {
    const model = await of.make();
    const search = () => model.complete(of.inputs, { beams: 3, maxNewTokens: 6, stopTokens: [] });
    const found = await search();
    const { blocks, freed } = counting();
    const before = tf.memory();
    expect(await search()).toEqual(found);
    expect(freed.calls.length).toBe(blocks.calls.length);
    const { numTensors, numDataBuffers, numBytes } = tf.memory();
    expect({ numTensors, numDataBuffers, numBytes }).toEqual({
      numTensors: before.numTensors,
      numDataBuffers: before.numDataBuffers,
      numBytes: before.numBytes,
    });
    const steps = vi.spyOn(StepReplay.prototype, 'step').mockImplementation((run) => new TensorLogits(tf.tidy(run)));
    expect(await search()).toEqual(found);
    expect(steps.mock.calls.length).toBeGreaterThan(3);
    model.dispose();
  });
});

test('steps whose angles depend on the length are replayed from one recording', async () => {
  expect(await recordingsOfLengths()).toBe(1);
});

test('a recording goes on after sequences were reordered or taken back, and sees weights that were assigned', async () => {
  const model = await gpt2.make();
  const states = statesAt(model, gpt2, [6, 6]);
  const first = await sameStep(model, states, [3, 8]);
  const kernels = states[0].replay.kernels!;
  expect(kernels.map(({ name }) => name)).toEqual([
    ...['TfmTakeRows', 'TfmTakeRows', 'TfmLayerNorm', 'TfmLinear', 'TfmLinear', 'TfmLinear', 'TfmWriteRows'],
    ...[
      'TfmWriteRows',
      'TfmAttend',
      'TfmLinear',
      'TfmLayerNorm',
      'TfmLinear',
      'TfmLinear',
      'TfmLayerNorm',
      'TfmLinear',
    ],
  ]);
  expect(kernels.filter(({ varies }) => varies).length).toBe(3);
  for (const state of states) state.reorder([1, 1]);
  expect(await sameStep(model, states, [4, 2])).toBe(first);
  for (const state of states) expect(state.rewind(5)).toBe(5);
  expect(await sameStep(model, states, [7, 2])).toBe(first);

  const copies = [states[0].fork(), states[1].fork()] as const;
  expect(await sameStep(model, copies, [9, 1])).not.toBe(first);
  expect(await sameStep(model, states, [1, 2])).toBe(first);

  const [weight] = model.trainable().values();
  tf.tidy(() => weight!.assign(tf.mul(weight!, 1.5)));
  const second = await sameStep(model, states, [3, 3]);
  expect(second).not.toBe(first);
  // Other steps with scratch of their own, larger than the recorded one's.
  tf.dispose(model.forward({ tokens: [Array.from({ length: 100 }, (_, i) => i % 13)] }));
  expect(await sameStep(model, states, [5, 5])).toBe(second);
  for (const state of [...states, ...copies]) state.dispose();
  model.dispose();
});

test.each(Object.entries(mixtures))('%s: the choice of experts is part of the recorded step', async (_, of) => {
  const model = await of.make();
  const states = statesAt(model, of, [6, 4]);
  const first = await sameStep(model, states, [3, 8]);
  expect(first?.filter(({ name }) => name === 'TfmChosenLinear').length).toBe(3);
  for (const tokens of [
    [4, 2],
    [7, 0],
  ])
    expect(await sameStep(model, states, tokens)).toBe(first);
  for (const state of states) state.dispose();
  model.dispose();
});

test('formulas of the spec are kernels of the recorded step, and make nothing when they run again', async () => {
  const model = await withFormulas.make();
  const states = statesAt(model, withFormulas, [6, 4]);
  const first = await sameStep(model, states, [3, 8]);
  expect(first!.flatMap(({ name, varies }) => (name === 'TfmElementwise' ? [varies] : []))).toEqual([false, false]);
  expect(await sameStep(model, states, [4, 2])).toBe(first);
  const { tensors, data, blocks, freed } = counting();
  const logits = model.step([5, 1], states[0]);
  expect(states[0].replay.kernels).toBe(first);
  expect([tensors, data, blocks, freed].map(({ calls }) => calls.length)).toEqual([1, 1, 1, 0]); // a copy of the logits
  logits.dispose();
  for (const state of states) state.dispose();
  model.dispose();
});

test('states of a recurrence are written in place; a sequence that stays where it is has another recording', async () => {
  await recurrentStepsAreSame();
});
