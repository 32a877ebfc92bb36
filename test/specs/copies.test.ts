import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { instantiate, listWeights } from '../../compiler/src/explain/index.js';
import { flatten, walk } from '../../compiler/src/explain/walk.js';
import { disposeExplanation, useBackend } from '../../runtime/src/index.js';
import { normal } from '../support/cases/case.js';
import { graphModel, largestDifference, output, perturbed, type SpecModel, taken } from '../support/specs.js';

const copies = 'test/compiler/emit/fixtures/copies.tfm';
const models: SpecModel[] = [];

async function made(spec: string, name: string, config: object = {}): Promise<SpecModel> {
  const model = await perturbed(spec, name, config);
  models.push(model);
  return model;
}

const numbers = (shape: readonly number[]): tf.Tensor =>
  tf.tensor(Float32Array.from(normal(shape, 3, 1).data), [...shape]);

/** The paths of the weights, as the compiler tells them. */
function told(spec: string, name: string, settings: Record<string, unknown> = {}): string[] {
  const model = graphModel(spec, name);
  const { configuration, problems } = instantiate(model, settings);
  if (!configuration) throw new Error(JSON.stringify(problems));
  return listWeights(model, configuration).map(({ path }) => path);
}

/** The paths of the weights, as the model has them. */
const paths = (model: SpecModel): string[] => [
  ...(model as unknown as { trainable(): Map<string, tf.Variable> }).trainable().keys(),
];

/** The values that `explain` finds. */
function labels(model: SpecModel, x: tf.Tensor): string[] {
  const explanation = model.explain({ x });
  const found = Object.keys(explanation.values);
  disposeExplanation(explanation);
  return found;
}

beforeAll(() => useBackend('cpu'));
afterAll(() => {
  for (const model of models) model.dispose();
});

describe('a repeat whose copies change the shape', () => {
  test('runs copy after copy', async () => {
    const model = await made(copies, 'Plain');
    const { stages } = model.weights as { stages: readonly { linear: { weight: tf.Tensor2D; bias: tf.Tensor } }[] };
    expect(stages.map(({ linear }) => linear.weight.shape)).toEqual([
      [8, 4],
      [16, 8],
    ]);
    const x = numbers([3, 4]);
    const expected = tf.tidy(() =>
      stages.reduce<tf.Tensor>(
        (y, { linear }) => tf.relu(tf.add(tf.matMul(y, linear.weight, false, true), linear.bias)),
        x,
      ),
    );
    expect(expected.shape).toEqual([3, 16]);
    expect(largestDifference(await output(model, { x }, 'y'), await taken(expected))).toBeLessThan(1e-5);
    x.dispose();
  });

  test('has weights where the compiler says', async () => {
    expect(paths(await made(copies, 'Plain'))).toEqual([
      'stages[0].linear.weight',
      'stages[0].linear.bias',
      'stages[1].linear.weight',
      'stages[1].linear.bias',
    ]);
    for (const deep of [true, false]) {
      const found = paths(await made(copies, 'Copies', { deep }));
      expect(found.sort()).toEqual(told(copies, 'Copies', { deep }).sort());
      expect(found).toContain(`layers[1].stages[0].${deep ? 'up' : 'flat'}.weight`);
      expect(found).toContain('outer[1].parts[0].p.weight');
      expect(found).toContain('outer[0].layers[1].q.weight');
      expect(found).toContain('inner[1].one.bias');
      expect(found).not.toContain('outer[0].r.weight');
    }
    expect(paths(await made(copies, 'Loop'))).toContain('inner[1].linear.weight');
  });

  test('has its values under the labels of its copies', async () => {
    const x = numbers([2, 3, 4]);
    const found = labels(await made(copies, 'Copies'), x);
    const model = graphModel(copies, 'Copies');
    const { configuration } = instantiate(model, {});
    if (!configuration) throw new Error('the defaults are a configuration');
    const labelled = [...flatten(walk(model, configuration))].filter(({ node }) => {
      return node.kind === 'operator' && node.label !== undefined;
    });
    expect(labelled).toHaveLength(19);
    expect(found).toEqual(expect.arrayContaining(labelled.map(({ path }) => path)));
    expect(found).toEqual(
      expect.arrayContaining([
        'layers[1].stages[0].up',
        'layers[1].act',
        'inner[0].mid',
        'inner[1].one',
        'outer[0].parts[1].p',
        'outer[0].layers[1]',
        'outer[1].layers[0].q',
        'outer[1].r',
      ]),
    );
    x.dispose();
  });
});

test('copies that are written out share an instance, and keep each its own state in a generation', async () => {
  const model = await made(copies, 'Shared');
  const found = paths(model);
  expect(found.filter((path) => path.startsWith('common'))).toEqual(['common.weight', 'common.bias']);
  expect(found.sort()).toEqual(told(copies, 'Shared').sort());
  const tokens = [3, 1, 4, 1, 5];
  const whole = await output(model, { tokens: [tokens] });
  const { logits, state } = model.prefill({ tokens: [tokens.slice(0, 3)] });
  const rows = [await taken(logits)];
  for (const token of tokens.slice(3)) rows.push(await taken(model.step([token], state)));
  state.dispose();
  // The last rows, each computed from the rows that the copies kept.
  rows.forEach((row, i) => {
    expect(largestDifference(row.slice(-8), whole.slice((2 + i) * 8, (3 + i) * 8))).toBeLessThan(1e-5);
  });
});

test('Swin: stages of blocks, of windows that move', async () => {
  const config = { size: 16, patch: 2, width: 8, depths: [2, 2, 1, 1], heads: [1, 2, 2, 4], w: 2, classes: 5 };
  const spec = 'test/fixtures/specs/swin.tfm';
  const model = await made(spec, 'Swin', config);
  const found = paths(model);
  expect(found.sort()).toEqual(told(spec, 'Swin', config).sort());
  expect(found).toContain('stages[1].blocks[1].attention.table');
  expect(found).toContain('stages[2].merge.reduction.weight');
  const image = numbers([2, 16, 16, 3]);
  const logits = await output(model, { image });
  expect(logits).toHaveLength(2 * 5);
  expect(logits.every(Number.isFinite)).toBe(true);
  // Each image is seen for itself: alone it has the logits that it has beside another.
  const [first] = tf.split(image, 2);
  if (!first) throw new Error('there are two images');
  expect(largestDifference(await output(model, { image: first }), logits.slice(0, 5))).toBeLessThan(1e-4);
  expect(largestDifference(logits.slice(5), logits.slice(0, 5))).toBeGreaterThan(1e-3);
  const explanation = model.explain({ image: first });
  expect(Object.keys(explanation.values)).toEqual(expect.arrayContaining(['stages[0].blocks[1]', 'stages[3]']));
  disposeExplanation(explanation);
});
