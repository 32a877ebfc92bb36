import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { useBackend } from '../../../runtime/src/index.js';
import { generatingSpecs, incrementalResults } from '../../support/incremental.js';
import { forwardMemory, generationMemory, longCases } from '../../support/memory.js';
import { tokensOf } from '../../support/specs.js';
import { comparedPass, storyModel, storyRuns } from '../../support/stories.js';

/** What the pool of buffers has taken from the device; it never gives back. */
const allocated = () => (tf.memory() as unknown as { readonly numBytesAllocatedInGPU: number }).numBytesAllocatedInGPU;

/** One layer: every token is a hundred dispatches on a GPU that is a CPU. */
const llama = { ...longCases[0]!, config: { ...longCases[0]!.config, depth: 1 } };

describe('webgpu', () => {
  beforeAll(async () => {
    await useBackend('webgpu');
  });

  test('stories260K: the first 32 tokens of the reference program, and its logits', async () => {
    const model = await storyModel();
    const run = storyRuns[0]!;
    const generation = model.generate({ tokens: [1] }, { temperature: 0, maxNewTokens: 32, stopTokens: [] });
    expect(await tokensOf(generation)).toEqual(run.argmax.slice(0, 32));
    const { best, difference, compared } = await comparedPass(model, run, 33);
    expect(best).toEqual(run.argmax.slice(0, 33));
    expect(compared).toBeGreaterThanOrEqual(3);
    expect(difference).toBeLessThan(1e-4); // logits are up to 20
    model.dispose();
  }, 300_000); // a minute where several processes share two cores

  // A prompt of 7 is read in chunks of 4 + 2 + 1 here: several passes over the KV cache before the first step.
  test.each(generatingSpecs)('the incremental step is the full forward: $title', async (of) => {
    for (const { prompt, excess, difference } of await incrementalResults(of, [7])) {
      expect(excess, `rows after a prompt of ${prompt}`).toBe(0);
      // Seen 0: this product adds in one order for any number of rows. Nothing promises it, so float32 rounding is left.
      expect(difference, `after a prompt of ${prompt}`).toBeLessThan(1e-5);
    }
  });

  test('DALL·E without any image token begins behind the text', async () => {
    const [result] = await incrementalResults(generatingSpecs.find(({ scoresItself }) => scoresItself)!, [0]);
    expect(result).toMatchObject({ excess: 0 });
    expect(result!.difference).toBeLessThan(1e-5);
  });

  test('200 tokens leave nothing behind, and nothing grows on the way', async () => {
    const { before, loaded, generated, after, count, early, late } = await generationMemory(llama, 200);
    expect(count).toBe(200);
    expect(late).toEqual(early);
    expect(generated).toEqual(loaded);
    expect(after).toEqual(before);
  });

  test('nor does the pool of buffers grow from one generation to the next', async () => {
    await generationMemory(llama, 8);
    const once = allocated();
    await generationMemory(llama, 8);
    expect(allocated()).toBe(once);
  });

  test.each(longCases)('$title: forward passes and explanations leave nothing behind', async (of) => {
    const { before, after } = await forwardMemory(of, 3);
    expect(after).toEqual(before);
  });
});
