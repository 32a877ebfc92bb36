import { beforeAll, describe, expect, test } from 'vitest';
import { useBackend } from '../../runtime/src/index.js';
import { forwardMemory, generationMemory, longCases } from '../support/memory.js';

describe.each(['cpu', 'wasm'] as const)('memory, on %s', (backend) => {
  beforeAll(async () => void (await useBackend(backend)));

  test.each(longCases)('$title: 200 tokens leave nothing behind, and nothing grows on the way', async (of) => {
    const { before, loaded, generated, after, count, early, late } = await generationMemory(of, 200);
    expect(count).toBe(200);
    expect(late).toEqual(early);
    expect(generated).toEqual(loaded);
    expect(after).toEqual(before);
  });

  test.each(longCases)('$title: 20 forward passes and explanations leave nothing behind', async (of) => {
    const { before, after } = await forwardMemory(of, 20);
    expect(after).toEqual(before);
  });
});
