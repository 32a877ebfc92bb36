import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import { read, useBackend } from '../../runtime/src/index.js';
import { batchOf } from '../support/batch.js';
import { perturbed, type SpecModel, tokensOf } from '../support/specs.js';

const prompts = [[1, 9, 4], [1], [1, 3, 3, 8, 7, 2, 11]];
const greedy = { temperature: 0, maxNewTokens: 4, stopTokens: [] };

beforeAll(async () => {
  expect(await useBackend('webgpu')).toBe('webgpu');
});

const small = { vocab: 13, context: 24, width: 8, depth: 1, heads: 2 };
const gpt2 = (): Promise<SpecModel> => perturbed('specs/models/gpt2.tfm', 'Gpt2', small);

test('each sequence of a batch gets what it gets alone', async () => {
  const model = await gpt2();
  const alone: number[][] = [];
  for (const prompt of prompts) alone.push(await tokensOf(model.generate({ tokens: [prompt] }, greedy)));
  const { rows } = await batchOf(model.generateBatch({ tokens: prompts }, greedy));
  expect(rows).toEqual(alone);
  model.dispose();
});

test('a target with presence, as lists and with lengths; as a tensor it cannot be read in time', async () => {
  const model = await perturbed('specs/models/transformer.tfm', 'Transformer', { ...small, hidden: 12 });
  const source = [
    [4, 5, 6, 9],
    [7, 8, 3, 1],
  ];
  const target = [[1, 9, 4], [1]];
  const alone: number[][] = [];
  for (const b of [0, 1]) {
    alone.push(await tokensOf(model.generate({ source: [source[b]], target: [target[b]] }, greedy)));
  }
  const padded = {
    values: [
      [1, 9, 4],
      [1, 0, 0],
    ],
    present: [
      [1, 1, 1],
      [1, 0, 0],
    ],
  };
  for (const given of [target, padded]) {
    expect((await batchOf(model.generateBatch({ source, target: given }, greedy))).rows).toEqual(alone);
  }
  const present = tf.tensor2d(padded.present, undefined, 'bool');
  expect(() => model.prefill({ source, target: { ...padded, present } })).toThrow('cannot be read in time');
  model.dispose();
});

test('token ids of a tensor outside the vocabulary: the next read tells, once', async () => {
  const model = await gpt2();
  const tokens = tf.add(tf.tensor2d([[3, 4, 1]], undefined, 'int32'), tf.scalar(9, 'int32'));
  const { logits } = model.forward({ tokens });
  await expect(read(logits!)).rejects.toMatchObject({
    code: 'TFM5401',
    message: expect.stringContaining('tokens[0][1] is 13'),
  });
  expect((await read(logits!)).length).toBe(3 * 13);
  const right = model.forward({ tokens: tf.tensor2d([[3, 4, 1]], undefined, 'int32') });
  expect((await read(right.logits!)).length).toBe(3 * 13);
  await expect(model.generate({ tokens }, greedy).next()).rejects.toMatchObject({ code: 'TFM5401' });
  model.dispose();
});
