import type { CacheShape } from './cache.js';

/** Copies rows [B, T, heads, width] into a cache [B, heads, capacity, width], both as flat arrays. */
export function copyRows(
  target: Float32Array,
  source: Float32Array,
  { heads, capacity, width }: CacheShape,
  starts: readonly number[],
): void {
  const length = source.length / (starts.length * heads * width);
  let from = 0;
  starts.forEach((start, b) => {
    if (heads === 1) {
      target.set(source.subarray(from, from + length * width), (b * capacity + start) * width);
      from += length * width;
      return;
    }
    for (let t = 0; t < length; t++)
      for (let h = 0; h < heads; h++, from += width)
        target.set(source.subarray(from, from + width), ((b * heads + h) * capacity + start + t) * width);
  });
}
