// Replaces a module, as the others of this process do.
// @vitest-environment-options { "process": "recorders" }
import { describe, expect, test, vi } from 'vitest';
import { attentionCases } from '../../support/cases/attention.js';
import { attentionForms } from '../../support/cases/attention-forms.js';
import { relativeError } from '../../support/compare.js';
import type { IsOpen } from '../../support/trace.js';
import { runTraced } from './traced.js';

vi.mock('../../../runtime/src/index.js', async (original) => ({
  ...(await original<object>()),
  ...(await import('../../support/trace.js')).recorders,
}));

/** Models that generate have positions behind others: `steps.test.ts`. */
const own = [...attentionCases, ...attentionForms].filter(({ name }) => !name.includes('at position'));

/** Batch and rows of queries, keys and values; heads and features are numbers in every model. */
const open =
  (name: string): IsOpen =>
  (axis, shape, i) =>
    axis < (i > 2 || name.includes('one row of queries') ? 1 : 2) && shape.length > 1;

describe.each([
  [17, true],
  [23, true],
  [24, true],
  [23, false],
])('opset %i, sizes of inputs open: %s', (opset, symbolic) => {
  // ONNX Runtime's kernel of the operator Attention refuses sequences without rows.
  const known = opset < 23 ? own : own.filter(({ name }) => !/no (keys|queries)/.test(name));
  test.each(known)('$name', async (of) => {
    const { shape, values } = await runTraced(of, { opset, symbolic: symbolic && open(of.name) });
    const expected = of.reference(...of.inputs);
    expect(shape).toEqual(expected.shape);
    expect(values.every(Number.isFinite)).toBe(true);
    expect(relativeError(values, expected.data)).toBeLessThan(of.tolerance ?? 1e-5);
  });
});
