import { orthonormalRows } from './orthogonal.js';
import { RandomStream } from './random.js';

/** Fills a new weight; the path and the seed decide the numbers. */
export type Initializer = (shape: readonly number[], seed: number, path: string) => Float32Array;

const size = (shape: readonly number[]): number => shape.reduce((product, n) => product * n, 1);

function fill(
  shape: readonly number[],
  seed: number,
  path: string,
  value: (random: RandomStream, i: number) => number,
) {
  const random = new RandomStream(seed, path);
  const values = new Float32Array(size(shape));
  for (let i = 0; i < values.length; i++) values[i] = value(random, i);
  return values;
}

export const constant =
  (value: number): Initializer =>
  (shape) =>
    new Float32Array(size(shape)).fill(value);

export const normal =
  (mean: number, deviation: number): Initializer =>
  (shape, seed, path) =>
    fill(shape, seed, path, (random, i) => mean + deviation * random.normal(i));

/** Normal, drawn again where it is more than two deviations from the mean. */
export const truncatedNormal =
  (mean: number, deviation: number): Initializer =>
  (shape, seed, path) =>
    fill(shape, seed, path, (random, i) => {
      let value = random.normal(i);
      for (let attempt = 1; Math.abs(value) > 2; attempt++) value = random.normal(i, attempt);
      return mean + deviation * value;
    });

export const uniform =
  (low: number, high: number): Initializer =>
  (shape, seed, path) =>
    fill(shape, seed, path, (random, i) => low + (high - low) * random.uniform(i));

/** Uniform in ± gain · √(6 / (fan-in + fan-out)) (Glorot and Bengio 2010, equation 16). */
export const xavierUniform =
  (gain: number): Initializer =>
  (shape, seed, path) => {
    const bound = gain * Math.sqrt(6 / fans(shape));
    return uniform(-bound, bound)(shape, seed, path);
  };

/** Normal with deviation gain · √(2 / (fan-in + fan-out)) (Glorot and Bengio 2010, equation 12). */
export const xavierNormal =
  (gain: number): Initializer =>
  (shape, seed, path) =>
    normal(0, gain * Math.sqrt(2 / fans(shape)))(shape, seed, path);

/**
 * Orthonormal rows, or columns where there are fewer of these, times `gain` (Saxe et al. 2014). The gates of a
 * recurrent layer, stacked as [n · h, h], are one tall matrix with orthonormal columns.
 */
export const orthogonal =
  (gain: number): Initializer =>
  (shape, seed, path) => {
    const [rows = 1, ...rest] = shape;
    const columns = size(rest);
    const random = normal(0, 1)([Math.min(rows, columns), Math.max(rows, columns)], seed, path);
    const short = orthonormalRows(Float64Array.from(random), Math.min(rows, columns), Math.max(rows, columns));
    return Float32Array.from({ length: rows * columns }, (_, i) => {
      const [row, column] = [Math.floor(i / columns), i % columns];
      return gain * (rows <= columns ? (short[i] ?? 0) : (short[column * rows + row] ?? 0));
    });
  };

/** Fan-in is the last axis and fan-out the first, of `[out, in]`; a vector counts as one row. */
function fans(shape: readonly number[]): number {
  const [first = 1] = shape;
  return shape.length < 2 ? first + 1 : first + (shape.at(-1) ?? 1);
}
