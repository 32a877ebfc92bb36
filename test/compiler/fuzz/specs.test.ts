import fc from 'fast-check';
import { expect, it } from 'vitest';
import { modelsIn, mutated } from './mutations.js';
import { expectSound } from './sound.js';

it('5,000 mutations of the specs: the compiler neither throws nor hangs, and points into the file', () => {
  const models = modelsIn('specs/models');
  expect(models.length).toBeGreaterThanOrEqual(8);
  new Set(models).forEach(expectSound);
  fc.assert(fc.property(mutated(models), expectSound), { numRuns: 5000, seed: 1 });
}, 300_000);
