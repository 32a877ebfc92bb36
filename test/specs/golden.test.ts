import { beforeAll, describe, expect, test } from 'vitest';
import { useBackend } from '../../runtime/src/index.js';
import { goldenDifferences, huggingFace } from '../support/hf.js';

describe.each(['cpu', 'wasm'] as const)('outputs of transformers, on %s', (backend) => {
  beforeAll(async () => void (await useBackend(backend)));

  test.each(huggingFace)('$fixture', async (of) => {
    const differences = await goldenDifferences(of);
    expect(Object.keys(differences)).toEqual(Object.keys(of.outputs));
    for (const [output, difference] of Object.entries(differences)) {
      // The bound; independent engines differ by up to 2e-5 here, seen ≤ 1.1e-5.
      expect(difference, output).toBeLessThan(1e-4);
    }
  });
});
