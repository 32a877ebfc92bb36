// Runs tfjs's own kernels, as they are where nobody has called `useBackend`.
// @vitest-environment-options { "process": "tfjs alone" }
import * as tf from '@tensorflow/tfjs';
import '@tensorflow/tfjs-backend-webgpu';
import { expect, test } from 'vitest';

test('tfjs adds on the adapter', async () => {
  tf.env().set('WEBGPU_CPU_FORWARD', false);
  expect(await tf.setBackend('webgpu')).toBe(true);
  const sum = tf.add(tf.tensor1d([1, 2]), tf.tensor1d([3, 4]));
  expect(Array.from(await sum.data())).toEqual([4, 6]);
});
