import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { disposeExplanation, useBackend } from '../../runtime/src/index.js';
import { numbersOf, readJson, type Stored, stored } from '../support/golden.js';
import { nanoGpt, published, rowsSorted } from '../support/nano-gpt.js';
import { largestDifference, type SpecModel } from '../support/specs.js';

const partials = readJson<Readonly<Record<string, Stored>>>(
  'test/fixtures/weights/nano-gpt-sort/gpt-nano-sort-t0-partials.json',
);

describe.each(['cpu', 'wasm'] as const)('minGPT, which sorts, on %s', (backend) => {
  let model: SpecModel;
  beforeAll(async () => {
    await useBackend(backend);
    model = await nanoGpt();
  });
  afterAll(() => model.dispose());

  test('every published activation is found in explain', async () => {
    const [batch = 0, length = 0] = stored(partials, 'idx').shape;
    const idx = numbersOf(stored(partials, 'idx'));
    const tokens = Array.from({ length: batch }, (_, b) => idx.slice(b * length, (b + 1) * length));
    const explanation = model.explain({ tokens });
    const found = await published(explanation, tokens);
    disposeExplanation(explanation);
    const names = Object.keys(partials).filter((name) => name !== 'config');
    expect(new Set(Object.keys(found))).toEqual(new Set(names));
    for (const [name, values] of Object.entries(found)) {
      const expected = numbersOf(stored(partials, name));
      // The bound; seen ≤ 3e-6. A score of −∞, behind the mask, must be one here too.
      const masked = (list: ArrayLike<number>) => Array.from(list, (value) => (value === -Infinity ? 1e9 : value));
      expect(largestDifference(masked(values), masked(expected)), name).toBeLessThan(1e-4);
    }
  });

  // On wasm all there are; the plain loops of cpu would take 20 seconds for them.
  const count = backend === 'cpu' ? 27 : 729;
  test(`${count} of the 729 inputs are sorted`, async () => {
    const { sorted, inputs } = await rowsSorted(model, 729 / count);
    expect(inputs).toHaveLength(count);
    expect(sorted).toEqual(inputs.map((letters) => [...letters].sort()));
  });
});
