import { beforeAll, expect, test } from 'vitest';
import { useBackend } from '../../../runtime/src/index.js';
import { scoringResult, scoringSpecs } from '../../support/scored-rows.js';

beforeAll(async () => void (await useBackend('wasm')));

test.each(scoringSpecs)('a prefill scores one row of each sequence: $title', async (of) => {
  const { prefill, forward, difference, again } = await scoringResult(of);
  expect({ prefill, again: again.prefill }).toEqual({ prefill: 3, again: 3 });
  expect(forward).toBeGreaterThanOrEqual(10);
  expect(Math.max(difference, again.difference)).toBeLessThan(1e-5);
});
