import { beforeAll, describe, expect, test } from 'vitest';
import { f, useBackend } from '../../../runtime/src/index.js';
import { earlierRowsAreUntouched } from '../../support/isolation.js';

describe.each(['cpu', 'wasm'] as const)('%s', (backend) => {
  beforeAll(async () => {
    await useBackend(backend);
  });

  test.each([1, 17, 36])('row %i never influences an earlier one, bit for bit', async (row) => {
    expect(await earlierRowsAreUntouched(row)).toBe(true);
  });

  test('without the mask it does', async () => {
    expect(await earlierRowsAreUntouched(17, f.all)).toBe(false);
  });
});
