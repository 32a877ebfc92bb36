import { beforeAll, describe, expect, test } from 'vitest';
import { causal, useBackend } from '../../runtime/src/index.js';
import { decodingError, decodings, memoryPerStep } from '../support/decoding.js';

describe('webgpu', () => {
  beforeAll(async () => {
    await useBackend('webgpu');
  });

  test.each(Object.entries(decodings))('%s gives what one pass gives', async (_, sizes) => {
    expect(await decodingError(sizes, { mask: causal })).toBeLessThan(1e-5);
  });

  test('neither tensors nor GPU buffers grow from step to step', async () => {
    const first = await memoryPerStep(40);
    expect(new Set(first.map(({ tensors }) => tensors)).size).toBe(1);
    // Views of 8, 32 and 128 rows: the pool gets buffers of these three sizes, and no others later.
    expect(new Set(first.slice(2).map(({ bytes }) => bytes)).size).toBeLessThanOrEqual(3);
    const again = await memoryPerStep(40);
    expect(new Set(again.map(({ bytes }) => bytes))).toEqual(new Set([first.at(-1)!.bytes]));
  });
});
