import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { useBackend } from '../../../runtime/src/index.js';
import { gradientCases } from '../../support/cases/gradients.js';
import { gradientErrors } from '../../support/gradients.js';

describe.each(['cpu', 'wasm'] as const)('gradients on %s against float64', (backend) => {
  beforeAll(async () => {
    await useBackend(backend);
  });

  test.each(gradientCases)('$name', async (of) => {
    const before = tf.memory().numTensors;
    const errors = await gradientErrors(of);
    expect(errors).toHaveLength(of.inputs.length);
    expect(Math.max(...errors), errors.join()).toBeLessThan(1e-5);
    expect(tf.memory().numTensors).toBe(before);
  });
});
