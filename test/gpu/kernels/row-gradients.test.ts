import { beforeAll, expect, test } from 'vitest';
import { useBackend } from '../../../runtime/src/index.js';
import { gradientCases } from '../../support/cases/gradients.js';
import { gradientErrors } from '../../support/gradients.js';
import { workOf } from './kit.js';

beforeAll(async () => {
  expect(await useBackend('webgpu')).toBe('webgpu');
});

test.each(gradientCases)('$name: float64', async (of) => {
  const { work, result: errors } = await workOf(() => gradientErrors(of));
  expect(errors).toHaveLength(of.inputs.length);
  expect(Math.max(...errors), errors.join()).toBeLessThan(1e-4);
  // Beside Σ dy · y and its gradient, two products and a sum, nothing of tfjs.
  expect(work.dispatches.filter((name) => /Transpose|MatMul|Unary/.test(name))).toEqual([]);
});
