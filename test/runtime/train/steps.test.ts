import * as tf from '@tensorflow/tfjs';
import { describe, expect, test } from 'vitest';
import { useBackend } from '../../../runtime/src/index.js';
import { golden, lossesHere } from '../../support/training.js';

describe.each(['cpu', 'wasm'] as const)('20 steps of a small GPT-2 on %s', (backend) => {
  test("the losses are PyTorch's, and no step leaves tensors behind", async () => {
    await useBackend(backend);
    const before = tf.memory().numTensors;
    const losses = await lossesHere();
    expect(tf.memory().numTensors).toBe(before);
    const differences = losses.map((loss, step) => Math.abs(loss - golden.losses[step]!));
    expect(differences).toHaveLength(20);
    expect(Math.max(...differences), losses.join()).toBeLessThan(1e-4);
  });
});
