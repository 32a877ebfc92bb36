import { beforeAll, expect, test } from 'vitest';
import { useBackend } from '../../../runtime/src/index.js';
import { errorsOf } from '../../support/attention-table.js';
import { attentionTable } from '../../support/cases/attention-table.js';
import { gradientsWithHidden } from '../../support/hidden-keys.js';

beforeAll(async () => {
  expect(await useBackend('webgpu')).toBe('webgpu');
});

// attention-table.test.ts has heads of 8 features; wider ones are code of their own, which the device compiles for seconds.
const widths = [33, 64, 96, 128, 256];
const wide = attentionTable.filter(
  ({ name, sizes: { width, valueWidth, queries } }) =>
    name.startsWith('width') && widths.includes(width) && valueWidth === width && queries === 9,
);

test.each(wide)('$name, heads of $sizes.width features', async (of) => {
  const errors = await errorsOf(of);
  expect(Math.max(...errors), errors.join()).toBeLessThan(1e-4);
});

test('every width is there', () => {
  expect(wide).toHaveLength(widths.length);
});

test('NaN in keys behind the last that is seen reaches no gradient', async () => {
  expect(await gradientsWithHidden(13, true)).toEqual(await gradientsWithHidden(13, false));
});
