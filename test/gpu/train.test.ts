import { expect, test } from 'vitest';
import { useBackend } from '../../runtime/src/index.js';
import { golden, lossesHere } from '../support/training.js';
import { workOf } from './kernels/kit.js';

test("20 steps of a small GPT-2: PyTorch's losses, by the kernels of the gradient", async () => {
  expect(await useBackend('webgpu')).toBe('webgpu');
  const { work, result: losses } = await workOf(lossesHere);
  expect(work.dispatches.filter((name) => name === 'attention, gradient of the key')).toHaveLength(20 * 2);
  const differences = losses.map((loss, step) => Math.abs(loss - golden.losses[step]!));
  expect(differences).toHaveLength(20);
  expect(Math.max(...differences), losses.join()).toBeLessThan(1e-4);
});
