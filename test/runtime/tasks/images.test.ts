import { describe, expect, test } from 'vitest';
import { resize } from '../../../runtime/src/tasks/images/resample.js';
import { createImageProcessor } from '../../../runtime/src/tasks/index.js';
import { bytesOf, golden, image } from './pretrained.js';

const pixels = { ...image, channels: 3 };

test.each(golden.resized)(
  'resized to $size, $filter: the bytes of Pillow',
  ({ size: [width, height], filter, ...expected }) => {
    const found = resize(pixels, width, height, filter);
    expect([found.height, found.width, found.channels]).toEqual(expected.shape);
    expect(found.data.toString()).toBe(bytesOf(expected).toString());
  },
);

describe('processors', () => {
  test.each(golden.processed)('$name: the numbers of transformers', ({ config, ...expected }) => {
    const { values, shape } = createImageProcessor(config)(image);
    expect(shape).toEqual(expected.shape);
    const wanted = new Float32Array(bytesOf(expected).buffer);
    expect(Math.max(...values.map((x, i) => Math.abs(x - (wanted[i] ?? Number.NaN))))).toBeLessThan(1e-6);
  });

  const plain = { do_resize: false, do_rescale: false, do_normalize: false };

  test('grey and transparent images become red, green and blue', () => {
    const process = createImageProcessor(plain);
    const of = (channels: number, ...data: number[]) => [
      ...process({ data: Uint8Array.from(data), width: 2, height: 1, channels }).values,
    ];
    expect(of(1, 5, 9)).toEqual([5, 5, 5, 9, 9, 9]);
    expect(of(2, 5, 0, 9, 255)).toEqual([5, 5, 5, 9, 9, 9]);
    expect(of(4, 1, 2, 3, 0, 4, 5, 6, 255)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(() => of(3, 1, 2)).toThrow(expect.objectContaining({ code: 'TFM5303' }));
  });

  test('one number is a square, or the shorter side', () => {
    const shape = (config: object) => createImageProcessor({ do_normalize: false, ...config })(image).shape;
    expect(shape({ size: 8 })).toEqual([8, 8, 3]);
    expect(shape({ size: 8, feature_extractor_type: 'CLIPFeatureExtractor' })).toEqual([8, 11, 3]);
    expect(shape({ size: { shortest_edge: 10 }, crop_size: 4 })).toEqual([4, 4, 3]);
  });

  test.each([
    [{ resample: 0 }, /^resample of the preprocessor's configuration is 0$/],
    [{ crop_pct: 0.875 }, /^crop_pct .* is 0\.875$/],
    [{ size: { longest_edge: 9 } }, /^size /],
    [{ size: { longest_edge: 9, shortest_edge: 5 } }, /^size /],
    [{ image_mean: [0.5] }, /^image_mean /],
    [{ do_resize: 'yes' }, /^do_resize /],
    [{ rescale_factor: '1/255' }, /^rescale_factor /],
  ])('%j is refused', (config, message) => {
    const expected = { code: 'TFM5604', message: expect.stringMatching(message) as string };
    expect(() => createImageProcessor(config)).toThrow(expect.objectContaining(expected));
  });
});
