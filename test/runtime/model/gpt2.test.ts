import * as tf from '@tensorflow/tfjs';
import type { GenerativeModel, Tensor } from '@tfm-lang/runtime';
import { beforeAll, describe, expect, test } from 'vitest';
import { gpt2 } from '../../compiler/emit/fixtures/gpt2.js';
import { generated } from '../../compiler/emit/generated.js';

interface Config {
  readonly vocab: number;
  readonly width: number;
}
type Instance = GenerativeModel<Config, object, { tokens: unknown }, { logits: Tensor }> & {
  loss(inputs: { tokens: unknown }, options?: { seed?: number; training?: boolean }): tf.Scalar;
};
interface Gpt2Class {
  configure(given?: object): Config;
  init(options?: object): Instance;
}

const small = { vocab: 11, context: 16, width: 8, depth: 2, heads: 2 };
let Gpt2: Gpt2Class;

beforeAll(async () => {
  await tf.setBackend('cpu');
  ({ Gpt2 } = await generated<{ Gpt2: Gpt2Class }>(gpt2));
});

const rows = async (tensor: Tensor): Promise<number[]> => [...(await tensor.data())];

describe('a generated GPT-2', () => {
  test('forward gives logits of the declared shape and leaves nothing behind', async () => {
    const model = Gpt2.init({ config: small });
    const before = tf.memory().numTensors;
    const { logits } = model.forward({ tokens: [[1, 2, 3]] });
    expect(logits.shape).toEqual([1, 3, 11]);
    expect((await rows(logits)).every(Number.isFinite)).toBe(true);
    logits.dispose();
    expect(tf.memory().numTensors).toBe(before);
    model.dispose();
  });

  test('prefill and steps give what forward gives', async () => {
    const model = Gpt2.init({ config: small, seed: 3 });
    const tokens = [1, 5, 2, 7, 7, 0];
    const whole = await rows(model.forward({ tokens: [tokens] }).logits);
    const { logits, state } = model.prefill({ tokens: [tokens.slice(0, 3)] });
    const found = [await rows(logits)];
    for (const token of tokens.slice(3)) found.push(await rows(model.step(token, state)));
    state.dispose();
    found.forEach((row, i) => {
      row.forEach((value, j) => expect(value).toBeCloseTo(whole[(i + 2) * 11 + j] ?? Number.NaN, 5));
    });
    model.dispose();
  });
});
