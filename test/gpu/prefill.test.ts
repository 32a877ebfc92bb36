// Runs tfjs's own kernels, as they are where nobody has called `useBackend`.
// @vitest-environment-options { "process": "tfjs alone" }
import '@tensorflow/tfjs-backend-webgpu';
import * as tf from '@tensorflow/tfjs';
import type { GenerativeModel, Tensor } from '@tfm-lang/runtime';
import { expect, test } from 'vitest';
import { gpt2 } from '../compiler/emit/fixtures/gpt2.js';
import { generated } from '../compiler/emit/generated.js';

type Instance = GenerativeModel<object, object, { readonly tokens: readonly number[] }, { readonly logits: Tensor }>;
interface Module {
  readonly Gpt2: { init(options: { config: object; seed: number }): Instance };
}

test('a prompt in pieces of powers of two is the whole prompt, and leaves nothing behind', async () => {
  expect(await tf.setBackend('webgpu')).toBe(true);
  const { Gpt2 } = await generated<Module>(gpt2);
  const model = Gpt2.init({ config: { vocab: 11, context: 32, width: 8, depth: 2, heads: 2 }, seed: 3 });
  const tokens = [1, 5, 2, 7, 7, 0, 3];
  const { logits: whole } = model.forward({ tokens });
  const expected = [...(await whole.data())].slice(-11);
  whole.dispose();
  const before = tf.memory().numTensors;
  const { logits, state } = model.prefill({ tokens });
  const found = [...(await logits.data())];
  expect(found).toHaveLength(11);
  expect(Math.max(...found.map((value, i) => Math.abs(value - (expected[i] ?? Number.NaN))))).toBeLessThan(1e-4);
  logits.dispose();
  state.dispose();
  expect(tf.memory().numTensors).toBe(before);
  model.dispose();
});
