import type { Tensor } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { type AttendOptions, attend, causal, f, read, useBackend } from '../../../runtime/src/index.js';
import { normal } from '../../support/cases/case.js';
import { relativeError } from '../../support/compare.js';

const tensor = (shape: readonly number[], seed: number): Tensor =>
  tf.tensor(Float32Array.from(normal(shape, seed).data), [...shape]);

/** The most bytes that tensors had at one time, beyond those there were before: forward, and forward with gradients. */
async function peaks(tokens: number, options: (table: Tensor) => AttendOptions) {
  const inputs = [1, 2, 3].map((seed) => tensor([1, tokens, 1, 8], seed));
  inputs.push(tensor([16], 4));
  const run = (...[q, k, v, table]: Tensor[]) => attend(q!, k!, v!, options(table!));
  const dy = tensor([1, tokens, 1, 8], 5);
  const before = tf.memory().numBytes;
  const forward = await tf.profile(() => tf.tidy(() => run(...inputs)));
  const forwardBytes = forward.peakBytes - before; // the next profile writes into this one
  const backward = await tf.profile(() => tf.tidy(() => tf.grads(run)(inputs, dy)));
  tf.dispose([forward.result as Tensor, ...(backward.result as Tensor[]), ...inputs, dy]);
  return { forward: forwardBytes, backward: backward.peakBytes - before };
}

const megabyte = 2 ** 20;
const byDistance = (table: Tensor) =>
  f.score(({ s, q, k }) => f.add(s, f.lookup(table, [f.clamp(f.subtract(q, k), 0, 15)])));

describe.each(['cpu', 'wasm'] as const)('8,192 tokens on %s, whose pairs would have 256 MB', (backend) => {
  beforeAll(async () => {
    await useBackend(backend);
  });

  test('take some megabytes, forward and backward', async () => {
    // What is computed is little with a window; the plain loops of cpu would take ten seconds for all pairs.
    const near = f.mask(({ q, k }) => f.less(f.subtract(q, k), 500));
    const mask = backend === 'cpu' ? f.and(causal, near) : causal;
    const { forward, backward } = await peaks(8192, (table) => ({ mask, score: byDistance(table) }));
    expect(forward).toBeLessThan(megabyte);
    expect(backward).toBeLessThan(4 * megabyte);
  });
});

describe('formulas that no kernel knows', () => {
  const options = (table: Tensor): AttendOptions => ({
    mask: causal,
    score: f.score(({ s, q, k }) => f.multiply(s, f.lookup(table, [f.clamp(f.subtract(q, k), 0, 15)]))),
  });

  test('are computed some queries at a time: 2,048 tokens, whose pairs have 16 MB in each of thirty tensors', async () => {
    await useBackend('wasm');
    const { forward, backward } = await peaks(2048, options);
    expect(forward).toBeLessThan(4 * megabyte);
    expect(backward).toBeLessThan(12 * megabyte);
  });

  test('their gradients in tiles are those of one piece', async () => {
    await useBackend('cpu');
    // The same 17 times: a batch that is large enough for tiles.
    const [small, large] = [1, 17].map((copies) => {
      const inputs = [1, 2, 3].map((seed) => tf.tile(tensor([1, 150, 1, 4], seed), [copies, 1, 1, 1]));
      const table = tensor([16], 4);
      const loss = (...[q, k, v, of]: Tensor[]) => tf.sum(tf.square(attend(q!, k!, v!, options(of!))));
      return tf.tidy(() => tf.grads(loss)([...inputs, table]));
    });
    for (const [i, gradient] of small!.entries()) {
      const expected = await read(gradient);
      const found = await read(large![i]!);
      // Of query, key and value each entry of the batch has its own; that of the table is the sum.
      if (i < 3) expect(relativeError(found.slice(-expected.length), expected)).toBeLessThan(1e-5);
      else
        expect(
          relativeError(
            found.map((x) => x / 17),
            expected,
          ),
        ).toBeLessThan(1e-5);
    }
  });
});
