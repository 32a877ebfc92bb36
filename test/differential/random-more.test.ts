import { expect, test } from 'vitest';
import { failureOf, moreRandomRuns } from '../support/differential/random-specs.js';

// The other half of the random specs: two workers share them.
test('more random specs: engines agree', { timeout: 900_000 }, async () => {
  const failure = await failureOf(moreRandomRuns(), 'test/differential/random-more.test.ts');
  expect(failure, failure).toBeUndefined();
});
