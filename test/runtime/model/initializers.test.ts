import {
  constant,
  type Initializer,
  normal,
  orthogonal,
  truncatedNormal,
  uniform,
  xavierNormal,
  xavierUniform,
} from '@tfm-lang/runtime';
import { describe, expect, test } from 'vitest';
import { threefry } from '../../../runtime/src/model/random.js';

describe('Threefry-2×32, 20 rounds', () => {
  // The known answers of Random123 (Salmon et al. 2011).
  test.each([
    [
      [0, 0],
      [0, 0],
      [0x6b200159, 0x99ba4efe],
    ],
    [
      [-1, -1],
      [-1, -1],
      [0x1cb996fc, 0xbb002be7],
    ],
    [
      [0x243f6a88, 0x85a308d3],
      [0x13198a2e, 0x03707344],
      [0xc4923a9c, 0x483df7a0],
    ],
  ])('counter %j, key %j', ([low = 0, high = 0], [k0 = 0, k1 = 0], expected) => {
    const out = new Uint32Array(2);
    threefry([k0, k1], low, high, out);
    expect([...out]).toEqual(expected);
  });
});

function moments(values: Float32Array): { mean: number; deviation: number } {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const square = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
  return { mean, deviation: Math.sqrt(square) };
}

describe('initialisers', () => {
  const shape = [200, 100];
  const cases: [string, Initializer, number, number][] = [
    ['normal', normal(1, 0.5), 1, 0.5],
    // The deviation of a normal cut off at two deviations is 0.8796 of the whole one's.
    ['truncated normal', truncatedNormal(1, 0.5), 1, 0.4398],
    ['uniform', uniform(-1, 3), 1, 4 / Math.sqrt(12)],
    ['Xavier uniform', xavierUniform(2), 0, 2 * Math.sqrt(2 / 300)],
    ['Xavier normal', xavierNormal(2), 0, 2 * Math.sqrt(2 / 300)],
    ['constant', constant(7), 7, 0],
  ];

  test.each(cases)('%s has its mean and deviation', (_, initializer, mean, deviation) => {
    const found = moments(initializer(shape, 1, 'layers[0].weight'));
    expect(Math.abs(found.mean - mean)).toBeLessThan((5 * deviation) / Math.sqrt(20_000) + 1e-6);
    expect(Math.abs(found.deviation - deviation)).toBeLessThan(0.02 * deviation + 1e-6);
  });

  test('a truncated normal stays within two deviations', () => {
    const values = truncatedNormal(0, 0.5)(shape, 1, 'w');
    expect(Math.max(...values.map(Math.abs))).toBeLessThanOrEqual(1);
  });

  test('the path and the seed decide, nothing else', () => {
    const [a, again, path, seed] = [
      normal(0, 1)([4], 1, 'a'),
      normal(0, 1)([4], 1, 'a'),
      normal(0, 1)([4], 1, 'b'),
      normal(0, 1)([4], 2, 'a'),
    ];
    expect(again).toEqual(a);
    expect(path).not.toEqual(a);
    expect(seed).not.toEqual(a);
  });

  test.each([
    [3, 5],
    [5, 3],
    [4, 4],
  ])('orthogonal [%i, %i]: the shorter side is orthonormal, times the gain', (rows, columns) => {
    const values = orthogonal(2)([rows, columns], 1, 'w');
    const at = (r: number, c: number) => values[r * columns + c] ?? Number.NaN;
    const [count, length] = [Math.min(rows, columns), Math.max(rows, columns)];
    for (let i = 0; i < count; i++) {
      for (let j = 0; j < count; j++) {
        let dot = 0;
        for (let k = 0; k < length; k++) dot += rows <= columns ? at(i, k) * at(j, k) : at(k, i) * at(k, j);
        expect(dot).toBeCloseTo(i === j ? 4 : 0, 5);
      }
    }
  });
});
