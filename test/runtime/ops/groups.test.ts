import { beforeAll, describe, expect, test } from 'vitest';
import { useBackend } from '../../../runtime/src/index.js';
import { errorsOf, groupedCases } from '../../support/grouped-attention.js';

describe.each(['wasm', 'cpu'] as const)('%s', (backend) => {
  beforeAll(async () => {
    expect(await useBackend(backend)).toBe(backend);
  });

  test.each(Object.entries(groupedCases))('%s: groups beside each other are what the mask says', async (_, each) => {
    // Both are float32, and sum in another order; a gradient sums over 81 queries.
    for (const error of await errorsOf(each)) expect(error).toBeLessThan(1e-5);
  });
});
