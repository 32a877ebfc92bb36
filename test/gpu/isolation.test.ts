import { beforeAll, describe, expect, test } from 'vitest';
import { useBackend } from '../../runtime/src/index.js';
import { earlierRowsAreUntouched } from '../support/isolation.js';

describe('webgpu', () => {
  beforeAll(async () => {
    await useBackend('webgpu');
  });

  test.each([1, 36])('row %i never influences an earlier one, bit for bit', async (row) => {
    expect(await earlierRowsAreUntouched(row)).toBe(true);
  });
});
