import { beforeAll, describe, expect, test } from 'vitest';
import { useBackend } from '../../../runtime/src/index.js';
import { goldenDifferences, huggingFace } from '../../support/hf.js';

describe('webgpu', () => {
  beforeAll(async () => void (await useBackend('webgpu')));

  test.each(huggingFace)('outputs of transformers: $fixture', async (of) => {
    const differences = await goldenDifferences(of);
    expect(Object.keys(differences)).toEqual(Object.keys(of.outputs));
    for (const [output, difference] of Object.entries(differences)) {
      // The bound of cpu and wasm holds here, too: products are sums of float32, and tables of sines, the one thing
      // that WGSL computes roughly, are made outside. Seen ≤ 6.1e-6 on SwiftShader.
      expect(difference, output).toBeLessThan(1e-4);
    }
  });
});
