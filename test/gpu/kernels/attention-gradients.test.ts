import { beforeAll, expect, test } from 'vitest';
import { useBackend } from '../../../runtime/src/index.js';
import { errorsOf } from '../../support/attention-table.js';
import { attentionTable } from '../../support/cases/attention-table.js';
import { gradientsWithHidden } from '../../support/hidden-keys.js';

beforeAll(async () => {
  expect(await useBackend('webgpu')).toBe('webgpu');
});

// attention-table.test.ts has heads of 8 features; each other pair of widths is code that the device compiles for seconds.
const widths = [
  [64, 128],
  [256, 96],
] as const;

test.each(widths)('keys of %i features, values of %i: the result and the gradients', async (width, valueWidth) => {
  const of = attentionTable.find(({ name, sizes }) => name.startsWith('length') && sizes.queries === 33)!;
  const errors = await errorsOf({ ...of, sizes: { ...of.sizes, width, valueWidth } });
  expect(errors).toHaveLength(4);
  expect(Math.max(...errors), errors.join()).toBeLessThan(1e-4);
});

test('NaN in keys behind the last that is seen reaches no gradient', async () => {
  const clean = await gradientsWithHidden(13, false, widths[0]);
  expect(await gradientsWithHidden(13, true, widths[0])).toEqual(clean);
});
