import { beforeAll, expect, test } from 'vitest';
import { useBackend } from '../../../runtime/src/index.js';
import { gradientCases } from '../../support/cases/gradients.js';
import { gradientErrors } from '../../support/gradients.js';
import { workOf } from './kit.js';

beforeAll(async () => {
  expect(await useBackend('webgpu')).toBe('webgpu');
});

// What would be compiled once more for the same code on other sizes is left to the other backends.
const leftOut = /^(rms_norm of (7|70) |layer_norm of 70 |linear of (1|5|70) |product )/;
const cases = gradientCases.filter(({ name }) => !leftOut.test(name));

test.each(cases)('$name: float64', async (of) => {
  const { work, result: errors } = await workOf(() => gradientErrors(of));
  expect(errors).toHaveLength(of.inputs.length);
  expect(Math.max(...errors), errors.join()).toBeLessThan(1e-4);
  // Beside Σ dy · y and its gradient, two products and a sum, nothing of tfjs.
  expect(work.dispatches.filter((name) => /Transpose|MatMul|Unary/.test(name))).toEqual([]);
});
