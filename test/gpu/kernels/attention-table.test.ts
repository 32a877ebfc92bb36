import { beforeAll, describe, expect, test } from 'vitest';
import { useBackend } from '../../../runtime/src/index.js';
import { errorsOf } from '../../support/attention-table.js';
import { attentionTable } from '../../support/cases/attention-table.js';

// Each width is code of its own, and SwiftShader compiles for seconds: a few of them here, all forward in attention.test.ts.
const widths = [5, 8, 20, 100];
const table = attentionTable.filter(({ sizes: { width, valueWidth } }) => widths.includes(width) && valueWidth <= 12);

describe('attention and its gradients', () => {
  beforeAll(async () => {
    expect(await useBackend('webgpu')).toBe('webgpu');
  });

  test.each(table)('$name', async (of) => {
    const errors = await errorsOf(of);
    expect(Math.max(...errors), errors.join()).toBeLessThan(1e-4);
  });
});
