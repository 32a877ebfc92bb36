import type { Tensor } from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { read, useBackend } from '../../../runtime/src/index.js';
import { perturbed, type SpecModel } from '../../support/specs.js';
import { type Work, workOf } from './kit.js';

beforeAll(async () => {
  expect(await useBackend('webgpu')).toBe('webgpu');
});

const models = {
  'GPT-2': {
    make: (depth: number) =>
      perturbed('specs/models/gpt2.tfm', 'Gpt2', { vocab: 13, context: 64, width: 32, depth, heads: 2 }),
    prefill: [
      ...['linear of few rows', 'cache rows', 'attention of many queries'],
      ...['linear of few rows', 'linear of few rows', 'linear of few rows'],
    ],
  },
  Llama: {
    make: (depth: number) =>
      perturbed('specs/models/llama.tfm', 'Llama', {
        ...{ vocab: 13, context: 64, width: 32, depth, heads: 4, kv_heads: 2, hidden: 48 },
      }),
    prefill: [
      ...['linear of few rows', 'rotary of queries and keys, cache rows', 'attention of many queries'],
      ...['linear of few rows', 'linear of few rows', 'linear of few rows'],
    ],
  },
} as const;

const tokens = [1, 9, 4, 7, 3, 8, 2, 11];

/** What a prefill of 8 tokens asks of the device, and each of some steps behind it. */
async function workOfGeneration(model: SpecModel, steps: number): Promise<{ prefill: Work; steps: Work[] }> {
  const first = await workOf(async () => {
    const { logits, state } = model.prefill({ tokens: [tokens] }, { capacity: 64 });
    await read(logits);
    return { logits, state };
  });
  const { logits, state } = first.result;
  const all: Work[] = [];
  for (let i = 0; i < steps; i++) {
    const { work, result } = await workOf(async () => {
      const next: Tensor = model.step(i % 13, state);
      await read(next);
      return next;
    });
    result.dispose();
    all.push(work);
  }
  logits.dispose();
  state.dispose();
  return { prefill: first.work, steps: all };
}

/** What the second layer adds to the first. */
function difference(two: Work, one: Work): string[] {
  const rest = [...two.dispatches];
  for (const name of [...one.dispatches].reverse()) rest.splice(rest.lastIndexOf(name), 1);
  return rest;
}

describe.each(Object.entries(models))('%s', (_, { make, prefill }) => {
  test('a layer is six dispatches, and seven in a step, where attention is two', async () => {
    const [one, two] = [await make(1), await make(2)];
    const [of1, of2] = [await workOfGeneration(one, 1), await workOfGeneration(two, 1)];
    const step = prefill.flatMap((name) =>
      name.startsWith('attention') ? ['attention of few queries', 'attention of few queries, all keys together'] : name,
    );
    expect(difference(of2.prefill, of1.prefill)).toEqual(prefill);
    expect(difference(of2.steps[0]!, of1.steps[0]!)).toEqual(step);
    one.dispose();
    two.dispose();
  });

  test('a step of a later generation makes no pipeline and no buffer, and one that is replayed no bind group', async () => {
    const model = await make(2);
    await workOfGeneration(model, 3);
    const { prefill: again, steps } = await workOfGeneration(model, 6);
    expect([again, ...steps].map(({ pipelines }) => pipelines)).toEqual(Array(7).fill(0));
    expect(steps.map(({ buffers }) => buffers)).toEqual(Array(6).fill([]));
    expect(steps.slice(1).map(({ bindGroups }) => bindGroups)).toEqual(Array(5).fill(0));
    model.dispose();
  });
});
