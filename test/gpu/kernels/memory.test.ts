import type { Tensor } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import {
  attend,
  causal,
  type Formula,
  type FormulaLeaves,
  f,
  gelu,
  layerNorm,
  linear,
  read,
  rotary,
  useBackend,
} from '../../../runtime/src/index.js';
import { normal } from '../../support/cases/case.js';
import { tensor, workOf } from './kit.js';

beforeAll(async () => {
  expect(await useBackend('webgpu')).toBe('webgpu');
});

test('attention of 2,048 tokens needs some kilobytes beside its result', async () => {
  const [q, k, v] = [1, 2, 3].map((seed) => tensor(normal([1, 2048, 1, 8], seed))) as [Tensor, Tensor, Tensor];
  await read(tf.addN([q, k, v])); // they are on the device
  const { work, result } = await workOf(() => attend(q, k, v, { mask: causal }));
  const all = work.buffers.reduce((sum, bytes) => sum + bytes, 0);
  const own = 2048 * 8 * 4;
  expect(work.buffers).toContain(own);
  // Intervals of keys for each query, and uniforms; one [Tq, Tk] tensor has 16 MiB.
  expect(all - own).toBeLessThanOrEqual(64 * 1024);
  tf.dispose([q, k, v, result]);
});

test('attention of 8,192 tokens needs some megabytes, forward and backward', async () => {
  const inputs = [1, 2, 3].map((seed) => tensor(normal([1, 8192, 1, 8], seed)));
  // A window: what is computed is little, so that a device in software is in time; memory would be that of all pairs.
  const mask = f.and(
    causal,
    f.mask(({ q, k }) => f.less(f.subtract(q, k), 33)),
  );
  const score = f.score(({ s, q, k }) => f.add(s, f.multiply(-0.1, f.subtract(q, k))));
  const loss = (...[q, k, v]: Tensor[]) => tf.sum(tf.square(attend(q!, k!, v!, { mask, score })));
  const { work, result } = await workOf(() => tf.tidy(() => tf.grads(loss)(inputs)));
  expect(work.dispatches).toContain('attention, gradient of the query');
  for (const gradient of result) expect((await read(gradient)).every(Number.isFinite)).toBe(true);
  // Their pairs have 256 MB.
  expect(work.buffers.reduce((sum, bytes) => sum + bytes, 0)).toBeLessThan(6 * 2 ** 20);
  tf.dispose([...inputs, ...result]);
});

test('a mask and a score for pairs of 2,048 tokens need some kilobytes, forward and backward', async () => {
  const inputs = [1, 2, 3].map((seed) => tensor(normal([1, 2048, 1, 8], seed)));
  await read(tf.addN(inputs));
  const apart = ({ q, k }: FormulaLeaves, of: (at: Formula) => Formula) => f.abs(f.subtract(of(q), of(k)));
  const rows = (leaves: FormulaLeaves) => apart(leaves, (at) => f.floor(f.divide(at, 32)));
  const columns = (leaves: FormulaLeaves) => apart(leaves, (at) => f.modulo(at, 32));
  const mask = f.mask((leaves) => f.lessEqual(f.maximum(rows(leaves), columns(leaves)), 1));
  const score = f.score((leaves) => f.subtract(leaves.s, f.multiply(0.1, columns(leaves))));
  const loss = (...[q, k, v]: Tensor[]) => tf.sum(tf.square(attend(q!, k!, v!, { mask, score })));
  const { work, result } = await workOf(() => tf.tidy(() => tf.grads(loss)(inputs)));
  for (const gradient of result) expect((await read(gradient)).every(Number.isFinite)).toBe(true);
  expect(work.dispatches).toContain('attention, gradient of the query');
  // Twenty vectors of 64 KiB as q, and small data; one [Tq, Tk] tensor has 16 MiB.
  expect(work.buffers.reduce((sum, bytes) => sum + bytes, 0)).toBeLessThan(1.5 * 2 ** 20);
  tf.dispose([...inputs, ...result]);
});

test('results do not depend on what was in recycled buffers', async () => {
  const shapes = [[2, 9, 24], [40, 24], [24], [2, 9, 3, 8], [2, 1, 3, 8]];
  const everything = ([x, w, b, heads, row]: Tensor[]): Tensor[] => [
    linear(x!, { weight: w! }),
    linear(tf.slice(x!, 0, 1), { weight: w! }),
    layerNorm(x!, { weight: b!, bias: b! }),
    gelu(x!),
    rotary(heads!),
    attend(heads!, heads!, heads!, { mask: causal }),
    attend(row!, heads!, heads!),
  ];
  const numbers = async (tensors: readonly Tensor[]) => {
    const found: Float32Array[] = [];
    for (const each of tensors) found.push(Float32Array.from(await read(each)));
    tf.dispose([...tensors]);
    return found;
  };
  const given = shapes.map((shape, seed) => tensor(normal(shape, seed + 1)));
  const spoiled = shapes.map((shape) => tf.fill(shape, Number.NaN));
  const clean = await numbers(tf.tidy(() => everything(given)));
  for (let round = 0; round < 2; round++) {
    await numbers(tf.tidy(() => everything(spoiled)));
    expect(await numbers(tf.tidy(() => everything(given)))).toEqual(clean);
  }
  tf.dispose([...given, ...spoiled]);
});

test('a round after others takes no memory, forward and backward', async () => {
  const x = tensor(normal([9, 24], 1));
  const w = tensor(normal([40, 24], 2));
  const heads = tensor(normal([1, 9, 3, 8], 3));
  const loss = (a: Tensor, weight: Tensor, h: Tensor) =>
    tf.addN([
      tf.sum(tf.square(gelu(linear(layerNorm(a), { weight })))),
      tf.sum(tf.square(attend(rotary(h), h, h, { mask: causal }))),
    ]);
  const round = async () => {
    const gradients = tf.tidy(() => tf.grads(loss)([x, w, heads]));
    for (const gradient of gradients) await read(gradient);
    tf.dispose(gradients);
    const { numTensors, numBytes } = tf.memory();
    return { numTensors, numBytes, dataIds: tf.engine().backend.numDataIds() };
  };
  const first = await round();
  for (let i = 0; i < 2; i++) expect(await round()).toEqual(first);
  tf.dispose([x, w, heads]);
});
