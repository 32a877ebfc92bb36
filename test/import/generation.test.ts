import { beforeAll, describe, expect, test } from 'vitest';
import { useBackend } from '../../runtime/src/index.js';
import { compareGeneration, compareWithLibrary, decoders, lengthwise, translators } from './generations.js';

describe('greedy generation through the cache is the argmax of repeated full passes', () => {
  beforeAll(async () => void (await useBackend('wasm')));

  test('there are many', () => {
    expect(decoders.length).toBeGreaterThanOrEqual(35);
    expect(translators.length).toBeGreaterThanOrEqual(6);
  });

  test.each([...decoders, ...translators])('$name', (of) => compareGeneration(of, [5, 9, 3, 11, 7]));
});

describe('generation past the original context is that of the original library through its cache', () => {
  test('there are some', () => {
    expect(lengthwise.length).toBeGreaterThanOrEqual(3);
  });

  test.each(lengthwise)('$name', (of) => compareWithLibrary(of));
});
