import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { attend, dropout, read, useBackend } from '../../../runtime/src/index.js';
import { dropoutMask } from '../../../runtime/src/ops/dropout.js';
import { TestScope } from '../../support/cases/scope.js';

const training = (seed: number) => Object.assign(new TestScope(), { training: true, seed });

describe('dropout', () => {
  beforeAll(async () => {
    await useBackend('cpu');
  });

  test('is the identity outside of training and at rate 0', () => {
    const x = tf.ones([3]);
    expect(dropout(x, { rate: 0.5 }, new TestScope())).toBe(x);
    expect(dropout(x, { rate: 0 }, training(1))).toBe(x);
  });

  test('keeps the mean, and drops the share that was asked for', () => {
    for (const rate of [0.1, 0.5, 0.9]) {
      const mask = dropoutMask(100_000, rate, 7);
      const dropped = mask.filter((value) => value === 0).length / mask.length;
      expect(Math.abs(dropped - rate)).toBeLessThan(0.006); // four standard deviations
      expect(new Set(mask)).toEqual(new Set([0, Math.fround(1 / (1 - rate))]));
    }
  });

  test('depends on the seed alone; neighbouring seeds and elements do not resemble each other', () => {
    const mask = (seed: number) => dropoutMask(10_000, 0.5, seed);
    expect(mask(3)).toEqual(mask(3));
    const agreement = (a: Float32Array, b: Float32Array) => a.filter((value, i) => value === b[i]).length / a.length;
    expect(Math.abs(agreement(mask(3), mask(4)) - 0.5)).toBeLessThan(0.02);
    expect(Math.abs(agreement(mask(3).slice(1), mask(3)) - 0.5)).toBeLessThan(0.02);
  });

  test('acts on the probabilities of attention, in training', async () => {
    const one = tf.ones<tf.Rank.R4>([1, 64, 1, 1]);
    const scope = training(5);
    const y = await read(attend(one, one, one, { drop: 0.5 }, scope));
    expect(new Set(y).size).toBeGreaterThan(5);
    expect(await read(attend(one, one, one, { drop: 0.5 }, new TestScope()))).toEqual(new Float32Array(64).fill(1));
  });

  test('attention is recorded as it was before dropout', async () => {
    const one = tf.ones<tf.Rank.R4>([1, 4, 1, 1]);
    const scope = Object.assign(training(5), { recording: true });
    attend(one, one, one, { drop: 0.5 }, scope);
    expect(await read(scope.recorded[0]!)).toEqual(new Float32Array(16).fill(0.25));
    expect(scope.recorded[0]!.shape).toEqual([1, 1, 4, 4]);
  });
});
