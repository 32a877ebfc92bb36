import * as tf from '@tensorflow/tfjs';
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { compile, memoryHost } from '../../../compiler/src/index.js';
import { resize, useBackend } from '../../../runtime/src/index.js';
import { generated } from '../../compiler/emit/generated.js';
import type { SpecClass, SpecModel } from '../../support/specs.js';

const text = `model Placed {
  input image: float[B, 4, 6, 2]
  let table = weight(16, 3)
  output y: float[B, 6, 3] =
    image -> patches(2) -> linear(3) as project -> identity + (table -> resize(2, 3, how: bicubic, from: [4, 4]))
}`;
const options = { rows: 2, columns: 3, how: 'bicubic', from: [4, 4] } as const;
const image = { values: Float32Array.from({ length: 48 }, (_, i) => Math.sin(i)), shape: [1, 4, 6, 2] };

let Placed: SpecClass;
let model: SpecModel;
let before: number;

beforeAll(async () => {
  await useBackend('cpu');
  const { graph } = compile(memoryHost({ 'm.tfm': text }), 'm.tfm');
  ({ Placed } = await generated<{ Placed: SpecClass }>(graph!));
});

beforeEach(() => {
  before = tf.memory().numTensors;
  model = Placed.init({ config: {}, seed: 1 });
});

afterEach(() => {
  model.dispose();
  expect(tf.memory().numTensors).toBe(before);
});

/** The numbers of one pass, and its products of matrices: the table is resized with two. */
async function pass(): Promise<{ numbers: readonly number[]; products: number }> {
  const { kernels, result } = await tf.profile(() => model.forward({ image }).y!);
  if (!(result instanceof tf.Tensor)) throw new Error('a pass gives a tensor');
  const numbers = [...(await result.data())];
  result.dispose();
  return { numbers, products: kernels.filter(({ name }) => name === 'BatchMatMul').length };
}

const weightOf = (name: string): tf.Variable => model.trainable().get(name)!;

test('a table is resized once for all passes, and again where it has other numbers', async () => {
  const first = await pass();
  const held = tf.memory().numTensors;
  const second = await pass();
  expect([first.products, second.products]).toEqual([3, 1]);
  expect(second.numbers).toEqual(first.numbers);
  expect(tf.memory().numTensors).toBe(held);

  tf.tidy(() => weightOf('table').assign(tf.add(weightOf('table'), 1)));
  const third = await pass();
  expect(third.products).toBe(3);
  third.numbers.forEach((number, i) => void expect(number - first.numbers[i]!).toBeCloseTo(1, 5));
  expect((await pass()).numbers).toEqual(third.numbers);
  expect(tf.memory().numTensors).toBe(held);
});

test('gradients reach the table, whatever was kept before', async () => {
  await pass();
  const upstream = tf.tensor([...Array(18).keys()], [6, 3]);
  const { value, grads } = tf.variableGrads(() => tf.sum(tf.mul(model.forward({ image }).y!, upstream)));
  const alone = tf.grad((table: tf.Tensor) => resize(table, options))(weightOf('table'), upstream);
  expect(await grads[weightOf('table').name]?.data()).toEqual(await alone.data());
  tf.dispose([upstream, value, grads, alone]);
});
