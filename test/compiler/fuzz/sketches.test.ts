import fc from 'fast-check';
import { expect, it } from 'vitest';
import { modelsIn, mutated } from './mutations.js';
import { expectSound } from './sound.js';

it('5,000 mutations of the sketches: the compiler neither throws nor hangs, and points into the file', () => {
  const models = modelsIn('test/fixtures/sketches');
  expect(models.length).toBeGreaterThan(26);
  new Set(models).forEach(expectSound);
  fc.assert(fc.property(mutated(models), expectSound), { numRuns: 5000, seed: 2 });
}, 300_000);
