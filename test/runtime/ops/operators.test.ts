import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { useBackend } from '../../../runtime/src/index.js';
import { cases } from '../../support/cases/index.js';
import { gradientError, outcome, toTensors } from '../../support/compare.js';

describe.each(['cpu', 'wasm'] as const)('%s', (backend) => {
  beforeAll(async () => {
    await useBackend(backend);
  });

  test.each(cases)('$name', async (of) => {
    const { shape, expectedShape, error } = await outcome(of);
    expect(shape).toEqual(expectedShape);
    expect(error).toBeLessThan(of.tolerance ?? 1e-5);
  });

  test.each(cases.filter((of) => of.gradient))('gradient of $name', async (of) => {
    expect(await gradientError(of)).toBeLessThan(1e-4);
  });

  test.each(cases.filter((of) => !of.composed && !of.large))('no tensor is left behind by $name', (of) => {
    const inputs = toTensors(of);
    const before = tf.memory().numTensors;
    const result = of.run(...inputs);
    expect(tf.memory().numTensors).toBe(result === inputs[0] ? before : before + 1);
    tf.dispose([result, ...inputs]);
  });
});
