import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { useBackend } from '../../../runtime/src/index.js';
import { taken } from '../../support/specs.js';
import { type Work, workOf } from '../kernels/kit.js';
import {
  gpt2,
  recordingsOfLengths,
  recordingsOverGuards,
  recurrentStepsAreSame,
  replayedModels,
  sameStep,
  statesAt,
  withFormulas,
} from './kit.js';

beforeAll(async () => {
  expect(await useBackend('webgpu')).toBe('webgpu');
});

describe.each(Object.entries(replayedModels))('%s', (_, of) => {
  test('replayed steps give the logits of steps that are not, over every guard', async () => {
    expect(await recordingsOverGuards(of)).toEqual([2, 2, 1, 2]);
  });

  test.each([
    { title: 'greedy', options: { temperature: 0 } },
    { title: 'sampling', options: { temperature: 0.8, topK: 7, topP: 0.9, minP: 0.01, seed: 3 } },
  ])('a token makes nothing on the device and reads 16 bytes of each sequence: $title', async ({ options }) => {
    const model = await of.make();
    const loop = { ...options, maxNewTokens: 11, stopTokens: [] };
    const works: Work[] = [];
    const tokens: (number | null)[][] = [];
    const drawing = model.generateBatch(of.inputs, loop);
    for (;;) {
      const { work, result } = await workOf(() => drawing.next());
      if (result.done) break;
      works.push(work);
      tokens.push(result.value);
    }
    // The first token is the prefill's; the second one is of a captured step, and so is the fifth, which reads more of the cache.
    const made = works.slice(5).map(({ dispatches: _, buffers, ...rest }) => ({ buffers: buffers.length, ...rest }));
    expect(made).toEqual(Array(6).fill({ buffers: 0, bindGroups: 0, pipelines: 0, mappedBytes: 32 }));
    expect(works.at(-1)!.dispatches).toEqual(works.at(-2)!.dispatches);
    // A processor that does nothing has the logits read, and the tokens drawn on the CPU.
    const read = model.generateBatch(of.inputs, { ...loop, logitsProcessors: [() => undefined] });
    const expected: (number | null)[][] = [];
    for (let next = await read.next(); !next.done; next = await read.next()) expected.push(next.value);
    expect(tokens).toEqual(expected);
    model.dispose();
  });
});

test('formulas of the spec are one dispatch each of the recorded step', async () => {
  const model = await withFormulas.make();
  const states = statesAt(model, withFormulas, [6, 4]);
  const first = await sameStep(model, states, [3, 8]);
  expect(first!.flatMap(({ name, varies }) => (name === 'elementwise' ? [varies] : []))).toEqual([false, false]);
  expect(await sameStep(model, states, [4, 2])).toBe(first);
  const { work, result } = await workOf(() => model.step([5, 1], states[0]));
  expect(states[0].replay.kernels).toBe(first);
  expect(work.dispatches.filter((name) => name === 'elementwise').length).toBe(2);
  expect({ pipelines: work.pipelines, bindGroups: work.bindGroups }).toEqual({ pipelines: 0, bindGroups: 0 });
  result.dispose();
  for (const state of states) state.dispose();
  model.dispose();
});

test('steps whose angles depend on the length are replayed from one recording', async () => {
  expect(await recordingsOfLengths()).toBe(1);
});

test('a recording goes on after sequences were reordered or taken back, and sees weights that were assigned', async () => {
  const model = await gpt2.make();
  const states = statesAt(model, gpt2, [6, 6]);
  const first = await sameStep(model, states, [3, 8]);
  for (const state of states) state.reorder([1, 1]);
  expect(await sameStep(model, states, [4, 2])).toBe(first);
  for (const state of states) expect(state.rewind(5)).toBe(5);
  expect(await sameStep(model, states, [7, 2])).toBe(first);

  const copies = [states[0].fork(), states[1].fork()] as const;
  expect(await sameStep(model, copies, [9, 1])).not.toBe(first);
  expect(await sameStep(model, states, [1, 2])).toBe(first);

  // What an optimizer does: of a matrix, and of a vector that kernels read as part of a longer one.
  let second = first;
  for (const shape of [2, 1]) {
    const weight = [...model.trainable().values()].find(({ rank }) => rank === shape)!;
    tf.tidy(() => weight.assign(tf.mul(weight, 1.5)));
    const before = second;
    second = await sameStep(model, states, [3, 3]);
    expect(second).not.toBe(before);
  }
  expect(await sameStep(model, states, [5, 5])).toBe(second);
  for (const state of [...states, ...copies]) state.dispose();
  model.dispose();
});

test('a recording sees one expert of a mixture that was assigned; the others stay as they are', async () => {
  const of = replayedModels['Mixtral: experts']!;
  const model = await of.make();
  const states = statesAt(model, of, [6, 6]);
  const first = await sameStep(model, states, [3, 8]);
  expect(await sameStep(model, states, [4, 2])).toBe(first);
  const weights = [...model.trainable()].filter(([path]) => path.includes('expert') && path.includes('down'));
  expect(weights.length).toBe(5);
  for (const [, weight] of weights.slice(1, 3)) tf.tidy(() => weight.assign(tf.mul(weight, 1.5)));
  const second = await sameStep(model, states, [7, 2]);
  expect(second).not.toBe(first);
  expect(await sameStep(model, states, [1, 1])).toBe(second);
  for (const state of states) state.dispose();
  model.dispose();
});

test('states of a recurrence are written in place; a sequence that stays where it is has another recording', async () => {
  await recurrentStepsAreSame();
});

test('logits that the caller keeps are not changed by the next step', async () => {
  const model = await gpt2.make();
  const states = statesAt(model, gpt2, [6, 6]);
  const [kept, expected] = [model.step([1, 2], states[0]), await taken(model.step([1, 2], states[1]))];
  const next = model.step([3, 4], states[0]);
  expect(await taken(kept)).toEqual(expected);
  expect(await taken(next)).not.toEqual(expected);
  for (const state of states) state.dispose();
  model.dispose();
});

test('a generation gives everything back, and the pool of buffers does not grow', async () => {
  const model = await gpt2.make();
  const run = async () => {
    for await (const _ of model.generate({ tokens: [[1]] }, { maxNewTokens: 5, stopTokens: [] }));
    const { numTensors, numDataBuffers } = tf.memory();
    const { numBytesAllocatedInGPU: allocated } = tf.memory() as unknown as { readonly numBytesAllocatedInGPU: number };
    return { numTensors, numDataBuffers, allocated };
  };
  await run();
  const once = await run();
  expect(await run()).toEqual(once);
  model.dispose();
});
