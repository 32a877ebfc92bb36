import { expect, test } from 'vitest';
import { failureOf, runsFrom } from '../support/differential/random-specs.js';

// The other half is in random-more.test.ts, so that two workers share the work.
test('random specs: engines agree', { timeout: 900_000 }, async () => {
  const failure = await failureOf(runsFrom(1, 150), 'test/differential/random.test.ts');
  expect(failure, failure).toBeUndefined();
});
