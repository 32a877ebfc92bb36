import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import { apply, f, useBackend } from '../../../runtime/src/index.js';
import { normal } from '../../support/cases/case.js';
import {
  elementwiseErrors,
  elementwiseFormulas,
  elementwiseGradientError,
  hardError,
  randomFormula,
} from '../../support/cases/elementwise-formulas.js';
import { tensor, workOf } from './kit.js';

beforeAll(async () => {
  expect(await useBackend('webgpu')).toBe('webgpu');
});

const formulas = Object.entries(elementwiseFormulas);

test.each(formulas)('%s', async (name, of) => {
  const place = formulas.findIndex(([other]) => other === name);
  for (const error of await elementwiseErrors(of, place)) expect(error).toBeLessThan(1e-4);
  expect(await elementwiseGradientError(of)).toBeLessThan(1e-4);
  if (!name.startsWith('sine')) expect(await hardError(of, { flushes: true })).toBeLessThan(1e-4);
});

test('formulas made by chance', async () => {
  for (let seed = 1; seed <= 12; seed++)
    for (const error of await elementwiseErrors(randomFormula(seed), seed)) expect(error, `${seed}`).toBeLessThan(1e-5);
});

test('a formula is one dispatch, one buffer and one pipeline, which is made once', async () => {
  const [a, b] = [tensor(normal([7, 3, 41], 1)), tensor(normal([41], 2))];
  tf.dispose([tf.neg(a), tf.neg(b)]); // they are on the device
  for (const [name, of] of formulas) {
    const runs = () => workOf(() => apply(of, a, b));
    const [{ work, result }, again] = [await runs(), await runs()];
    expect(work.dispatches, name).toEqual(['elementwise']);
    expect(work.buffers.filter((bytes) => bytes === 4 * a.size).length, name).toBeLessThan(2);
    expect(again.work.pipelines, name).toBe(0);
    tf.dispose([result, again.result]);
  }
});

test('a gradient is one dispatch for each element', async () => {
  const given = [tensor(normal([7, 12], 1)), tensor(normal([7, 12], 2))];
  const dy = tensor(normal([7, 12], 3));
  const gate = (...[x, y]: tf.Tensor[]) => apply(elementwiseFormulas['the gate of gpt-oss']!, x!, y!);
  const { work, result } = await workOf(() => tf.grads(gate)(given, dy));
  expect(work.dispatches).toEqual(['elementwise', 'elementwise', 'elementwise']);
  tf.dispose(result);
});

test('what the kernel does not know is composed', async () => {
  const [a, whole] = [tensor(normal([2, 1, 3], 1)), tf.ones([2, 4, 1], 'int32')];
  const swish = elementwiseFormulas.quick_gelu!;
  const { work } = await workOf(() => tf.tidy(() => apply(f.multiply(swish, f.element(1)), a, whole)));
  expect(work.dispatches.length).toBeGreaterThan(2);
});
