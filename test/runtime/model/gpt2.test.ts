import * as tf from '@tensorflow/tfjs';
import type { GenerativeModel, Tensor } from '@tfm-lang/runtime';
import { disposeExplanation, toSafetensors } from '@tfm-lang/runtime';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { gpt2 } from '../../compiler/emit/fixtures/gpt2.js';
import { generated } from '../../compiler/emit/generated.js';

interface Inputs {
  readonly tokens?: unknown;
}
type Gpt2 = GenerativeModel<{ readonly width: number }, object, Inputs, { readonly logits: Tensor }> & {
  loss(inputs: Inputs, options?: { seed?: number; training?: boolean }): tf.Scalar;
};
interface Gpt2Class {
  readonly presets: Record<string, object>;
  configure(given?: object): Record<string, number>;
  init(options?: { config?: object; seed?: number }): Gpt2;
  load(from: Uint8Array, options?: object): Promise<Gpt2>;
}

const config = { vocab: 11, context: 16, width: 8, depth: 2, heads: 2, drop: 0.5 };
let Gpt2: Gpt2Class;
let model: Gpt2;
let before: number;

beforeAll(async () => {
  await tf.setBackend('cpu');
  ({ Gpt2 } = await generated<{ Gpt2: Gpt2Class }>(gpt2));
});

beforeEach(() => {
  before = tf.memory().numTensors;
  model = Gpt2.init({ config, seed: 3 });
});

/** Every test leaves nothing behind but what it disposes itself. */
afterEach(() => {
  model.dispose();
  expect(tf.memory().numTensors).toBe(before);
});

async function taken(tensor: Tensor): Promise<number[]> {
  const values = [...(await tensor.data())];
  tensor.dispose();
  return values;
}

const largest = (a: readonly number[], b: readonly number[]): number =>
  Math.max(...a.map((value, i) => Math.abs(value - (b[i] ?? Number.NaN))));

describe('configuration', () => {
  test('defaults, and what differs from them', () => {
    const defaults = { vocab: 50257, context: 1024, width: 768, depth: 12, heads: 12, drop: 0.1 };
    expect(Gpt2.configure()).toEqual(defaults);
    expect(Gpt2.configure(Gpt2.presets.Gpt2Medium)).toEqual({ ...defaults, width: 1024, depth: 24, heads: 16 });
  });

  test.each([
    [{ heads: 5 }, 'TFM5301', 'heads must divide width; 768 % 5 is 3'],
    [{ widht: 8 }, 'TFM5302', "Gpt2 has no parameter 'widht'"],
    [{ depth: 1.5 }, 'TFM5302', "'depth' of Gpt2 must be a whole number, it is 1.5"],
    [{ drop: 'a' }, 'TFM5302', `'drop' of Gpt2 must be a number, it is "a"`],
  ])('%j is refused', (given, code, message) => {
    expect(() => Gpt2.configure(given)).toThrow(expect.objectContaining({ code, message }));
  });

  test('the number of parameters is the sum of the shapes', () => {
    const layer = 4 * (8 * 8 + 8) + (32 * 8 + 32) + (8 * 32 + 8) + 4 * 8;
    expect(model.parameterCount).toBe(11 * 8 + 16 * 8 + 2 * layer + 2 * 8);
  });
});

describe('forward', () => {
  test('logits have the declared shape', async () => {
    const { logits } = model.forward({ tokens: [[1, 2, 3]] });
    expect(logits.shape).toEqual([1, 3, 11]);
    expect((await taken(logits)).every(Number.isFinite)).toBe(true);
  });

  test('the same seed gives the same model, another seed another', async () => {
    const [same, other] = [Gpt2.init({ config, seed: 3 }), Gpt2.init({ config, seed: 4 })];
    const [a, b, c] = await Promise.all(
      [model, same, other].map(async (m) => taken(m.forward({ tokens: [1, 2] }).logits)),
    );
    expect(b).toEqual(a);
    expect(largest(a ?? [], c ?? [])).toBeGreaterThan(1e-3);
    same.dispose();
    other.dispose();
  });

  test('lists, typed arrays and tensors are the same input', async () => {
    const tensor = tf.tensor2d([[1, 2, 3]], [1, 3], 'int32');
    const forms = [
      [[1, 2, 3]],
      [1, 2, 3],
      Int32Array.of(1, 2, 3),
      { values: Int32Array.of(1, 2, 3), shape: [1, 3] },
      tensor,
    ];
    const all = await Promise.all(forms.map(async (tokens) => taken(model.forward({ tokens }).logits)));
    for (const other of all.slice(1)) expect(other).toEqual(all[0]);
    tensor.dispose();
  });

  test.each([
    [{}, 'TFM5304', 'Gpt2 needs the input tokens: token[B, T ≤ context = 16]'],
    [{ tokens: [1], token: [1] }, 'TFM5304', "Gpt2 has no input 'token'"],
    [{ tokens: [1, 2, 11] }, 'TFM5401', 'tokens[2] is 11; the vocabulary has 11 entries, so ids are 0 to 10'],
    [
      {
        tokens: [
          [1, 2],
          [-1, 0],
        ],
      },
      'TFM5401',
      'tokens[1][0] is -1; the vocabulary has 11 entries, so ids are 0 to 10',
    ],
    [
      { tokens: new Array(17).fill(1) },
      'TFM5303',
      'tokens: token[B, T ≤ context = 16] was given token[1, 17]: T = 17 is more than context = 16',
    ],
    [
      { tokens: [[1], [1, 2]] },
      'TFM5303',
      'tokens: token[B, T ≤ context = 16] was given the list [0] has 1 items, others have 2',
    ],
    [
      { tokens: [1.5] },
      'TFM5303',
      'tokens: token[B, T ≤ context = 16] was given element 0 is 1.5, which is not a whole number',
    ],
    [{ tokens: [[[1]]] }, 'TFM5303', 'tokens: token[B, T ≤ context = 16] was given token[1, 1, 1]'],
  ])('%j is refused', (inputs, code, message) => {
    expect(() => model.forward(inputs)).toThrow(expect.objectContaining({ code, message }));
  });

  test('an unknown output is refused', () => {
    const outputs = ['logit'] as unknown as 'logits'[];
    expect(() => model.forward({ tokens: [1] }, { outputs })).toThrow(expect.objectContaining({ code: 'TFM5309' }));
  });

  test('a disposed model says so', () => {
    const gone = Gpt2.init({ config });
    gone.dispose();
    gone.dispose();
    expect(() => gone.forward({ tokens: [1] })).toThrow(expect.objectContaining({ code: 'TFM5305' }));
    expect(() => gone.loss({ tokens: [1, 2] })).toThrow(expect.objectContaining({ code: 'TFM5305' }));
  });
});

describe('explain', () => {
  test('every labelled value and every attention, by path', async () => {
    const explanation = model.explain({ tokens: [1, 2, 3] });
    const inLayer = [
      'ln_1',
      'attention.q',
      'attention.k',
      'attention.v',
      'attention.out',
      'attention',
      'ln_2',
      'mlp.up',
      'mlp.down',
      'mlp',
    ];
    const layers = [0, 1].flatMap((i) => [...inLayer.map((name) => `layers[${i}].${name}`), `layers[${i}]`]);
    expect(Object.keys(explanation.values)).toEqual(['wte', 'wpe', ...layers, 'ln_f']);
    expect(explanation.values['layers[1].mlp.up']?.shape).toEqual([1, 3, 32]);
    expect(Object.keys(explanation.attention)).toEqual(['layers[0].attention', 'layers[1].attention']);
    const probabilities = explanation.attention['layers[0].attention'];
    expect(probabilities?.shape).toEqual([1, 2, 3, 3]);
    const first = [...((await probabilities?.data()) ?? [])];
    expect(first.slice(0, 3)).toEqual([1, 0, 0]);
    expect(first.slice(6, 9).reduce((a, b) => a + b)).toBeCloseTo(1, 6);
    disposeExplanation(explanation);
  });
});

describe('loss', () => {
  test('is the cross entropy of the next token', async () => {
    const tokens = [1, 5, 2, 7];
    const logits = await taken(model.forward({ tokens }).logits);
    const expected = [5, 2, 7].map((target, row) => {
      const scores = logits.slice(row * 11, row * 11 + 11);
      return Math.log(scores.reduce((sum, score) => sum + Math.exp(score), 0)) - (scores[target] ?? 0);
    });
    const [loss = Number.NaN] = await taken(model.loss({ tokens }, { training: false }));
    expect(loss).toBeCloseTo(expected.reduce((a, b) => a + b) / 3, 5);
  });

  test('dropout acts in training, by the seed', async () => {
    const value = async (seed: number) => (await taken(model.loss({ tokens: [1, 2, 3] }, { seed })))[0];
    expect(await value(1)).toBe(await value(1));
    expect(await value(1)).not.toBe(await value(2));
  });

  test('has a gradient for every weight, and a step along it makes it smaller', async () => {
    const inputs = { tokens: [[1, 5, 2, 7]] };
    const { value, grads } = tf.variableGrads(() => model.loss(inputs, { training: false }));
    const weights = model.trainable();
    expect(Object.keys(grads).sort()).toEqual([...weights.values()].map(({ name }) => name).sort());
    const [loss = 0] = await taken(value);
    for (const weight of weights.values()) {
      const gradient = grads[weight.name];
      if (gradient) tf.tidy(() => weight.assign(tf.sub(weight, tf.mul(gradient, 0.1))));
    }
    tf.dispose(grads);
    const [after = 0] = await taken(model.loss(inputs, { training: false }));
    expect(after).toBeLessThan(loss - 1e-3);
  });
});

test('what is saved loads again', async () => {
  const parts: Uint8Array[] = [];
  for await (const part of model.save()) parts.push(part);
  const bytes = new Uint8Array(await new Blob(parts as BlobPart[]).arrayBuffer());
  const loaded = await Gpt2.load(bytes, { config });
  const [a, b] = [model.forward({ tokens: [3, 1] }), loaded.forward({ tokens: [3, 1] })];
  expect(await taken(b.logits)).toEqual(await taken(a.logits));
  loaded.dispose();
});

test('an unknown checkpoint map is refused', async () => {
  const bytes = await toSafetensors([]);
  await expect(Gpt2.load(bytes, { config, checkpoint: 'hugingface' })).rejects.toMatchObject({
    code: 'TFM5309',
    help: "did you mean 'huggingface'?",
  });
});
