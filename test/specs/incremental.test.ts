import { beforeAll, describe, expect, test } from 'vitest';
import { useBackend } from '../../runtime/src/index.js';
import { generatingSpecs, incrementalResults } from '../support/incremental.js';

describe.each(['cpu', 'wasm'] as const)('the incremental step is the full forward, on %s', (backend) => {
  beforeAll(async () => void (await useBackend(backend)));

  test.each(generatingSpecs)('$title', async (of) => {
    const results = await incrementalResults(of);
    expect(results.length).toBeGreaterThanOrEqual(4);
    for (const { prompt, excess, difference } of results) {
      expect(excess, `rows after a prompt of ${prompt}`).toBe(0);
      // cpu adds in the same order whatever the length: bit for bit. Products of XNNPACK (wasm) depend on the number of
      // rows, seen ≤ 1e-6 where logits are of the order of 1.
      const tolerance = backend === 'cpu' ? 0 : 1e-5;
      expect(difference, `after a prompt of ${prompt}`).toBeLessThanOrEqual(tolerance);
    }
  });
});
