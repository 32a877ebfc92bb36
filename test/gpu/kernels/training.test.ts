import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import { crossEntropy, read, useBackend } from '../../../runtime/src/index.js';
import { perturbed, type SpecModel } from '../../support/specs.js';
import { workOf } from './kit.js';

beforeAll(async () => {
  expect(await useBackend('webgpu')).toBe('webgpu');
});

const small = { vocab: 13, context: 16, width: 32 };
const attention = {
  'attention of many queries': 1,
  'attention, rows of the gradient': 1,
  'attention, gradient of the query': 1,
  'attention, gradient of the key': 1,
  'attention, gradient of the value': 1,
};

/** What a layer asks of the device for the loss and all gradients. Sums are those of residuals, and of gradients where ways part. */
const models = {
  'GPT-2': {
    make: (depth: number) => perturbed('specs/models/gpt2.tfm', 'Gpt2', { ...small, depth, heads: 2, drop: 0 }),
    layer: {
      ...{ 'linear of many rows': 6, product: 6, 'product of rows': 6 },
      ...{ layer_norm: 2, 'norm, gradient of rows': 2, 'norm, gradient of weights': 2 },
      ...{ activation: 1, 'activation, gradient': 1, ...attention, BinaryOpProgram: 6 },
    },
  },
  Llama: {
    make: (depth: number) =>
      perturbed('specs/models/llama.tfm', 'Llama', { ...small, depth, heads: 4, kv_heads: 2, hidden: 48 }),
    layer: {
      ...{ 'linear of many rows': 7, product: 7, 'product of rows': 7 },
      ...{ rms_norm: 2, 'norm, gradient of rows': 2, 'norm, gradient of weights': 2 },
      ...{ activation: 1, gated: 1, 'gated, gradient': 1, rotary: 4, ...attention, BinaryOpProgram: 7 },
    },
  },
} as const;

const tokens = [1, 9, 4, 7, 3, 8, 2, 11, 5, 6];

/** How often each shader runs for the loss and its gradients. */
async function shadersOf(model: SpecModel): Promise<Map<string, number>> {
  const loss = () => {
    const { logits } = model.forward({ tokens: [tokens.slice(0, -1)] }, { outputs: ['logits'] });
    return crossEntropy(logits!, { values: tf.tensor2d([tokens.slice(1)], undefined, 'int32') });
  };
  const { work, result } = await workOf(async () => {
    const found = tf.variableGrads(loss, [...model.trainable().values()]);
    for (const gradient of Object.values(found.grads)) await read(gradient);
    return found;
  });
  tf.dispose([result.value, result.grads]);
  model.dispose();
  const counts = new Map<string, number>();
  for (const name of work.dispatches) counts.set(name, (counts.get(name) ?? 0) + 1);
  return counts;
}

test.each(Object.entries(models))(
  '%s: a layer of a training step is a few dozen dispatches',
  async (_, { make, layer }) => {
    const [one, two] = [await shadersOf(await make(1)), await shadersOf(await make(2))];
    const more = [...two].map(([name, count]) => [name, count - (one.get(name) ?? 0)] as const);
    expect(Object.fromEntries(more.filter(([, count]) => count > 0))).toEqual(layer);
    expect(two.get('cross-entropy, gradient')).toBe(1);
  },
);
