import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { formulaKey, isStatic } from '../../../runtime/src/formula/formula.js';
import { evaluateStatic } from '../../../runtime/src/formula/static.js';
import { causal, type Formula, f, useBackend } from '../../../runtime/src/index.js';
import { formulaError, formulaGradientError, formulaOperators } from '../../support/cases/formulas.js';

const axes = { heads: 2, queries: [0, 1, 2, 3], keys: [0, 1, 2, 3, 4] };

function values(of: Formula): number[] {
  return Array.from(evaluateStatic(of, axes).values);
}

describe('formulas of positions', () => {
  test('causal', () => {
    expect(evaluateStatic(causal, axes).shape).toEqual([1, 4, 5]);
    expect(values(causal)).toEqual([1, 0, 0, 0, 0, 1, 1, 0, 0, 0, 1, 1, 1, 0, 0, 1, 1, 1, 1, 0]);
  });

  test('an axis that is not read has size 1', () => {
    const shape = (build: Parameters<typeof f.mask>[0]) => evaluateStatic(f.mask(build), axes).shape;
    expect(shape(({ k }) => f.less(k, 2))).toEqual([1, 1, 5]);
    expect(shape(({ q }) => f.less(q, 2))).toEqual([1, 4, 1]);
    expect(shape(({ head, q, k }) => f.less(f.add(q, k), head))).toEqual([2, 4, 5]);
    expect(shape(() => true)).toEqual([1, 1, 1]);
  });

  test('positions are absolute', () => {
    const late = evaluateStatic(causal, { heads: 1, queries: [7], keys: [6, 7, 8] });
    expect(Array.from(late.values)).toEqual([1, 1, 0]);
  });

  test('`and` leaves out what is always true', () => {
    expect(f.and(f.all, causal)).toBe(causal);
    expect(f.and()).toEqual(f.all);
    expect(values(f.or(false, causal))).toEqual(values(causal));
    expect(values(f.not(causal))).toEqual(values(causal).map((value) => 1 - value));
  });

  test('equal formulas have one key, different ones have others', () => {
    const windowed = (n: number) =>
      f.and(
        causal,
        f.mask(({ q, k }) => f.less(f.subtract(q, k), n)),
      );
    expect(formulaKey(windowed(3))).toBe(formulaKey(windowed(3)));
    expect(formulaKey(windowed(3))).not.toBe(formulaKey(windowed(4)));
    const [a, b] = [tf.zeros([2]), tf.zeros([2])];
    const read = (tensor: tf.Tensor) => f.mask(({ k }) => f.lookup(tensor, [k]));
    expect(formulaKey(read(a))).toBe(formulaKey(read(a)));
    expect(formulaKey(read(a))).not.toBe(formulaKey(read(b)));
    expect([isStatic(causal), isStatic(read(a))]).toEqual([true, false]);
  });

  test('a formula with tensors has no values at positions alone', () => {
    expect(() => values(f.score(({ s }) => s))).toThrow(expect.objectContaining({ code: 'TFM5406' }));
  });
});

describe.each(['cpu', 'wasm'] as const)('on %s, numbers and tensors mean the same', (backend) => {
  beforeAll(async () => {
    await useBackend(backend);
  });

  test.each(formulaOperators)('%s', async (_, build) => {
    expect(await formulaError(build)).toBeLessThan(1e-6);
  });
  test.each(formulaOperators)('gradient of %s', async (_, build) => {
    expect(await formulaGradientError(build)).toBeLessThan(1e-5);
  });
});
