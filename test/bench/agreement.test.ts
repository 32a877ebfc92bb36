import { describe, expect, test } from 'vitest';
import { checkAgreement, DisagreementError, largestDifference } from '../../bench/lib/agreement.mjs';

const output = (name: string, ...numbers: number[]) => ({ name, numbers: Float32Array.from(numbers) });

describe('the largest difference', () => {
  test('counts in full below 1, as a share of the largest number above', () => {
    expect(largestDifference(Float32Array.of(0, 0.5), Float32Array.of(0, 0.25))).toEqual({ difference: 0.25, at: 1 });
    expect(largestDifference(Float32Array.of(2, 8), Float32Array.of(4, 8))).toEqual({ difference: 0.25, at: 0 });
  });

  test.each([
    ['a number is none', [1, Number.NaN, 3], [1, 2, 3], 1],
    ['both are none', [1, Number.NaN], [1, Number.NaN], 1],
    ['one has more numbers', [1, 2, 3], [1, 2], 2],
  ])('is infinite where %s', (_, a, b, at) => {
    expect(largestDifference(Float32Array.from(a), Float32Array.from(b))).toEqual({ difference: Infinity, at });
  });
});

describe('agreement', () => {
  test('gives each engine its largest difference', () => {
    const outputs = [output('a', 0, 0.5), output('b', 0, 0.50005), output('c', 0, 0.5)];
    const { a, b, c } = checkAgreement('a case', outputs, 1e-4);
    expect(a).toBeCloseTo(5e-5, 6);
    expect(b).toBe(a);
    expect(c).toBe(a);
  });

  test('names the one engine that differs from all others', () => {
    const outputs = [output('wasm', 1, 2), output('stock', 1, 2.5), output('ort-web', 1, 2)];
    expect(() => checkAgreement('a case', outputs, 1e-4)).toThrow(DisagreementError);
    expect(() => checkAgreement('a case', outputs, 1e-4)).toThrow(
      [
        'a case: the engines do not agree (differences above 0.0001 of the largest number)',
        '  wasm and stock: 0.200; number 1 is 2 and 2.5',
        '  stock and ort-web: 0.250; number 1 is 2.5 and 2',
        'stock stands alone: the others agree',
      ].join('\n'),
    );
  });

  test('blames neither of two, and tells of different lengths', () => {
    const outputs = [output('wasm', 1, 2), output('stock', 1)];
    expect(() => checkAgreement('a case', outputs, 1e-4)).toThrow(/wasm and stock: 2 and 1 numbers$/);
  });

  test('numbers that are none agree with nothing', () => {
    const outputs = [output('wasm', Number.NaN), output('stock', Number.NaN)];
    expect(() => checkAgreement('a case', outputs, 1e-4)).toThrow(DisagreementError);
  });
});
