import { expect, test } from 'vitest';
import { failureOf, randomRuns } from '../support/differential/random-specs.js';

// The other half is in random-more.test.ts: two workers share them.
test('random specs: engines agree', { timeout: 900_000 }, async () => {
  const failure = await failureOf(randomRuns(), 'test/differential/random.test.ts');
  expect(failure, failure).toBeUndefined();
});
