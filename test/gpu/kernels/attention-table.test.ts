import * as tf from '@tensorflow/tfjs';
import type { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu';
import { beforeAll, describe, expect, test } from 'vitest';
import { useBackend } from '../../../runtime/src/index.js';
import { errorsOf } from '../../support/attention-table.js';
import { attentionTable } from '../../support/cases/attention-table.js';
import { withoutSubgroups } from './subgroups.js';

// Each width and each kind of score is code of its own, and SwiftShader compiles that for seconds: one pair of widths and
// some kinds here; others, forward, in attention.test.ts.
const leftOut = /^(score (capped|distance)|dropout:|dropout, |.* (and sinks|and a window|dilated):)/;
const table = attentionTable.filter(
  ({ name, sizes: { width, valueWidth } }) => width === 8 && valueWidth === 8 && !leftOut.test(name),
);

describe('attention and its gradients', () => {
  beforeAll(async () => {
    expect(await useBackend('webgpu')).toBe('webgpu');
  });

  test.each(table)('$name', async (of) => {
    const { device } = tf.backend() as WebGPUBackend;
    const errors = await withoutSubgroups(device, () => errorsOf(of)); // attention.test.ts runs on the device as it is
    expect(Math.max(...errors), errors.join()).toBeLessThan(1e-4);
    expect(errors[0]).toBeLessThan(2e-5);
  });
});
