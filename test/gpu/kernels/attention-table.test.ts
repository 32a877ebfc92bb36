import { beforeAll, describe, expect, test } from 'vitest';
import { useBackend } from '../../../runtime/src/index.js';
import { errorsOf } from '../../support/attention-table.js';
import { attentionTable } from '../../support/cases/attention-table.js';

// Each width is code of its own, and SwiftShader compiles for seconds: one pair of widths here, all forward in attention.test.ts.
const table = attentionTable.filter(
  ({ sizes: { width, valueWidth } }) => (width === 8 || width === 5) && valueWidth === 8,
);

describe('attention and its gradients', () => {
  beforeAll(async () => {
    expect(await useBackend('webgpu')).toBe('webgpu');
  });

  test.each(table)('$name', async (of) => {
    const errors = await errorsOf(of);
    expect(Math.max(...errors), errors.join()).toBeLessThan(1e-4);
  });
});
