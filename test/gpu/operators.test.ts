import { beforeAll, describe, expect, test } from 'vitest';
import { read, useBackend } from '../../runtime/src/index.js';
import { expertCases } from '../support/cases/experts.js';
import { formulaError, formulaOperators } from '../support/cases/formulas.js';
import { cases } from '../support/cases/index.js';
import { gradientError, outcome, toTensors } from '../support/compare.js';

const smaller = [...cases, ...expertCases].filter((of) => !of.large);

describe('webgpu', () => {
  beforeAll(async () => {
    expect(await useBackend('webgpu')).toBe('webgpu');
  });

  test.each(smaller)('$name', async (of) => {
    const { shape, expectedShape, error } = await outcome(of);
    expect(shape).toEqual(expectedShape);
    expect(error).toBeLessThan(Math.max(of.tolerance ?? 0, 1e-4));
  });

  test.each(smaller.filter((of) => of.gradient))('gradient of $name', async (of) => {
    expect(await gradientError(of)).toBeLessThan(5e-4);
  });

  test.each(formulaOperators)('%s of formulas', async (_, build) => {
    expect(await formulaError(build)).toBeLessThan(2 ** -11); // all that WGSL promises of sin and cos
  });

  test('none of them made the device report an error', async () => {
    const [input] = toTensors(smaller[0]!);
    expect((await read(input!)).length).toBeGreaterThan(0);
  });
});
