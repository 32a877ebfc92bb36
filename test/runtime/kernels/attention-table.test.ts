import { beforeAll, describe, expect, test } from 'vitest';
import { useBackend } from '../../../runtime/src/index.js';
import { errorsOf } from '../../support/attention-table.js';
import { attentionTable } from '../../support/cases/attention-table.js';

test('the table has 200 cases and more, none twice', () => {
  expect(attentionTable.length).toBeGreaterThanOrEqual(200);
  expect(new Set(attentionTable.map(({ name }) => name)).size).toBe(attentionTable.length);
});

describe.each(['cpu', 'wasm'] as const)('attention and its gradients on %s', (backend) => {
  beforeAll(async () => {
    await useBackend(backend);
  });

  test.each(attentionTable)('$name', async (of) => {
    const errors = await errorsOf(of);
    expect(Math.max(...errors), errors.join()).toBeLessThan(1e-5);
    expect(errors[0]).toBeLessThan(of.sizes.keys > 1000 ? 1e-5 : 3e-6); // thousands of roundings
  });
});
