// Replaces a module, as the others of this process do.
// @vitest-environment-options { "process": "recorders" }
import { describe, expect, test, vi } from 'vitest';
import { cases } from '../../support/cases/index.js';
import { relativeError } from '../../support/compare.js';
import { runTraced } from './traced.js';

vi.mock('../../../runtime/src/index.js', async (original) => ({
  ...(await original<object>()),
  ...(await import('../../support/trace.js')).recorders,
}));

/** Attention and positions have tests of their own, and so have formulas. */
const own = cases.filter(({ name }) => !/^(attend|sinusoidal|learned|axial|rotary|apply)/.test(name));

describe.each([
  [17, true],
  [20, true],
  [23, true],
  [24, true],
  [23, false],
])('opset %i, sizes of inputs open: %s', (opset, symbolic) => {
  test.each(own)('$name', async (of) => {
    const { shape, values } = await runTraced(of, { opset, symbolic });
    const expected = of.reference(...of.inputs);
    expect(shape).toEqual(expected.shape);
    expect(relativeError(values, expected.data)).toBeLessThan(of.tolerance ?? 1e-5);
  });
});
