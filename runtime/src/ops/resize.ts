import type { Tensor } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import { derived, type OperatorScope, once } from './context.js';
import { describe, misfit, size } from './shapes.js';
import { TableCache } from './tables.js';

/** How numbers between those of a grid are found. */
export type Interpolation = 'bilinear' | 'bicubic';

export interface ResizeOptions {
  readonly rows: number;
  readonly columns: number;
  /** Default bilinear. */
  readonly how?: Interpolation | undefined;
  /** Rows and columns of x where these share one axis, row by row. Absent: they are two axes. */
  readonly from?: readonly number[] | undefined;
}

/**
 * A grid of vectors with another number of rows and columns: [.., Y, X, d] → [.., rows, columns, d], or with `from: [Y, X]`
 * [.., Y · X, d] → [.., rows · columns, d]. What is wanted lies at (i + ½) · Y / rows − ½ of the given rows, and likewise of the
 * columns; beyond the edges the numbers of the edge go on. Bicubic is the convolution of Keys (1981) with a = −0.75. The numbers
 * of PyTorch's `interpolate` with `align_corners=False` and without antialiasing. A grid of that size already is given back as it is.
 *
 * What is made of a weight alone is kept until the weight changes.
 *
 * @throws TfmError TFM5404 where x is no such grid.
 */
export function resize(x: Tensor, options: ResizeOptions, scope?: OperatorScope): Tensor {
  const { rows, columns, how = 'bilinear', from } = options;
  const leading = x.shape.slice(0, from ? -2 : -3);
  const [height = 0, width = 0] = from ?? x.shape.slice(-3, -1);
  if (x.rank < (from ? 2 : 3) || (from && size(x, -2) !== height * width)) {
    const wanted = from ? `[.., ${height} · ${width}, d], a grid of ${height} × ${width}` : '[.., rows, columns, d]';
    throw misfit('resize', `${describe(x)} is no ${wanted}`);
  }
  if (height === rows && width === columns) return x;
  const depth = size(x, -1);
  return derived(scope, `resize ${height} ${width} ${rows} ${columns} ${how}`, x, () => {
    const count = leading.reduce((product, n) => product * n, 1);
    const lines = tf.reshape(x, [count, height, width * depth]);
    const tall = tf.reshape(along(lines, height, rows, how, scope), [count * rows, width, depth]);
    const resized = along(tall, width, columns, how, scope);
    return tf.reshape(resized, [...leading, ...(from ? [rows * columns] : [rows, columns]), depth]);
  });
}

/** [N, before, f] → [N, after, f] */
function along(x: Tensor, before: number, after: number, how: Interpolation, scope?: OperatorScope): Tensor {
  if (before === after) return x;
  const key = `resize ${before} to ${after} ${how}`;
  const shares = once(scope, key, () =>
    tf.tensor3d(
      matrices.get(key, () => shareMatrix(before, after, how)),
      [1, after, before],
    ),
  );
  return tf.matMul(shares, x);
}

const matrices = new TableCache<Float32Array>(1_000_000);

/** What share each of the given numbers has in each of those that are wanted: [after, before]. */
function shareMatrix(before: number, after: number, how: Interpolation): Float32Array {
  const matrix = new Float32Array(after * before);
  for (let i = 0; i < after; i++) {
    const place = ((i + 0.5) * before) / after - 0.5;
    const first = Math.floor(place);
    shares[how](place - first).forEach((share, tap, { length }) => {
      const neighbour = Math.min(Math.max(first + tap + 1 - length / 2, 0), before - 1);
      matrix[i * before + neighbour]! += share;
    });
  }
  return matrix;
}

/** The shares of the 2 or 4 neighbours of a place that lies `t` behind the last one before it. */
const shares: Readonly<Record<Interpolation, (t: number) => readonly number[]>> = {
  bilinear: (t) => [1 - t, t],
  bicubic: (t) => [outer(t + 1), inner(t), inner(1 - t), outer(2 - t)],
};

/** Of the slope at the neighbours, as PyTorch, OpenCV and ONNX have it. */
const a = -0.75;

/** Keys (1981), equation 4, for a distance below 1. */
const inner = (s: number): number => ((a + 2) * s - (a + 3)) * s * s + 1;

/** And between 1 and 2. */
const outer = (s: number): number => ((a * s - 5 * a) * s + 8 * a) * s - 4 * a;
