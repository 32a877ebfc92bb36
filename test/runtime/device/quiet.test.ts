// @vitest-environment-options { "process": "quiet" }
import { spawnSync } from 'node:child_process';
import * as tf from '@tensorflow/tfjs';
import { afterEach, expect, test, vi } from 'vitest';
import { initialize, type ModelDefinition, normal, useBackend, weight } from '../../../runtime/src/index.js';

// tfjs speaks once in each process: the first test here is where it would.
const warn = vi.spyOn(console, 'warn').mockImplementation(() => undefined);
afterEach(() => warn.mockClear());

interface Weights {
  readonly w: { readonly weight: tf.Tensor };
}
const definition: ModelDefinition<object, Weights> = {
  name: 'Tiny',
  source: 'tiny.tfm',
  configure: () => ({}),
  weights: () => ({ w: { weight: weight([2], normal(0, 1)) } }),
  inputs: () => [],
  outputs: [],
  checkpoints: () => ({}),
};

test('a model made before a backend is chosen prints nothing, and tfjs can still warn', () => {
  const [, { w }] = initialize(definition, {});
  tf.dispose(w.weight);
  expect(warn).not.toHaveBeenCalled();
  expect(tf.env().getBool('PROD')).toBe(false);
  tf.registerBackend('cpu', () => tf.backend());
  expect(warn).toHaveBeenCalledExactlyOnceWith(expect.stringContaining('cpu backend was already registered'));
});

test('neither does the cpu backend', async () => {
  await useBackend('cpu');
  tf.tensor1d([1]).dispose();
  expect(warn).not.toHaveBeenCalled();
});

test('without it, tfjs has its say', () => {
  const script = "const tf = await import('@tensorflow/tfjs'); tf.tensor1d([1]);";
  const { stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
  expect(stderr).toContain('Hi, looks like you are running TensorFlow.js in Node.js');
});
