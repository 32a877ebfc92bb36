import type { Tensor } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import { reshaped } from '../lazy/operators.js';
import type { OperatorScope } from './context.js';
import { type AxisName, axisOf, describe, misfit, range, sequenceAxis, size } from './shapes.js';

/** [.., T, heads · d] → [.., T, heads, d]. */
export function splitHeads(x: Tensor, { heads }: { readonly heads: number }): Tensor {
  const width = size(x, -1) / heads;
  if (!Number.isInteger(width))
    throw misfit('split_heads', `${describe(x)} has features that ${heads} heads do not divide`);
  return reshaped(x, [...x.shape.slice(0, -1), heads, width]);
}

/** [.., T, heads, d] → [.., T, heads · d]. */
export function joinHeads(x: Tensor): Tensor {
  return reshaped(x, [...x.shape.slice(0, -2), size(x, -2) * size(x, -1)]);
}

/**
 * An image [B, Y, X, C] as rows of flattened patches: [B, (Y / size)(X / size), size · size · C], patches row by row,
 * the features of one in the order y, x, c (Dosovitskiy et al. 2021, section 3.1).
 */
export function patches(image: Tensor, { size: side }: { readonly size: number }): Tensor {
  const [batch = 1, height = 1, width = 1, channels = 1] = image.shape;
  const [rows, columns] = [height / side, width / side];
  if (image.rank !== 4 || !Number.isInteger(rows) || !Number.isInteger(columns))
    throw misfit('patches', `${describe(image)} is no [B, Y, X, C] with Y and X multiples of ${side}`);
  return tf.tidy(() => {
    // [B·rows, side, columns, side·C]: a line of a patch is contiguous, and rank 4 is the most that all backends take.
    const lines = tf.reshape(image, [batch * rows, side, columns, side * channels]);
    return tf.reshape(tf.transpose(lines, [0, 2, 1, 3]), [batch, rows * columns, side * side * channels]);
  });
}

/**
 * An image [B, Y, X, C] as one of `rows` × `columns`: what is too much at the bottom and the right goes, what lacks there is
 * zeros.
 */
export function cropOrPad(
  image: Tensor,
  { rows, columns }: { readonly rows: number; readonly columns: number },
): Tensor {
  if (image.rank !== 4) throw misfit('crop_or_pad', `${describe(image)} is no [B, Y, X, C]`);
  const [below, right] = [Math.max(0, rows - size(image, 1)), Math.max(0, columns - size(image, 2))];
  return tf.tidy(() => {
    const upper = range(image, 1, 0, rows - below);
    const kept = range(upper, 2, 0, columns - right);
    if (below === 0 && right === 0) return kept;
    const nothing: [number, number] = [0, 0];
    return tf.pad(kept, [nothing, [0, below], [0, right], nothing]);
  });
}

/**
 * `size` neighbouring rows side by side, each window `stride` rows behind the one before, `pad` rows of zeros around the
 * sequence: [B, T, C] → [B, ⌊(T + 2·pad − size) / stride⌋ + 1, size · C]. A linear layer of it is a convolution.
 */
export function windows(
  x: Tensor,
  { size: count, stride = 1, pad = 0 }: { readonly size: number; readonly stride?: number; readonly pad?: number },
): Tensor {
  const [batch = 1, length = 1, features = 1] = x.shape;
  const made = Math.floor((length + 2 * pad - count) / stride) + 1;
  if (x.rank !== 3 || made < 1) throw misfit('windows', `${describe(x)} has no window of ${count} rows`);
  // Rows of zeros at the end, so that every place of a window has `made · stride` rows from it on.
  const behind = Math.max(pad, count - 1 + made * stride - length - pad);
  return tf.tidy(() => {
    const padded = tf.pad(x, [
      [0, 0],
      [pad, behind],
      [0, 0],
    ]);
    const places = Array.from({ length: count }, (_, place) => {
      const rows = tf.reshape(range(padded, 1, place, made * stride), [batch, made, stride * features]);
      return range(rows, 2, 0, features);
    });
    return places.length === 1 ? places[0]! : tf.concat(places, 2);
  });
}

/** The rows w [n, width] in front of every sequence: [B, T, width] → [B, n + T, width]. */
export function prepend(x: Tensor, w: Tensor): Tensor {
  const [count = 1, width = 1] = w.shape;
  if (size(x, -1) !== width) throw misfit('prepend', `${describe(w)} in front of ${describe(x)}`);
  const batch = size(x, 0);
  return tf.tidy(() => {
    const rows = tf.reshape(w, [1, count, width]);
    return tf.concat([batch === 1 ? rows : tf.tile(rows, [batch, 1, 1]), x], 1);
  });
}

/** One row of the sequence, negative from the end: [B, T, ..] → [B, ..]. */
export function at(x: Tensor, { index }: { readonly index: number }): Tensor {
  const axis = sequenceAxis(x);
  const length = size(x, axis);
  const row = index < 0 ? length + index : index;
  if (row < 0 || row >= length) throw misfit('at', `row ${index} of a sequence of ${length} rows`);
  return tf.tidy(() => tf.squeeze(range(x, axis, row, 1), [axis]));
}

/** The first `count` rows. */
export function head(x: Tensor, { count }: { readonly count: number }): Tensor {
  return rowsOf('head', x, 0, count);
}

/** The rows from row `from` on. */
export function tail(x: Tensor, { from }: { readonly from: number }): Tensor {
  return rowsOf('tail', x, from, size(x, sequenceAxis(x)) - from);
}

/** Consecutive parts of the features, of the given sizes. */
export function split(x: Tensor, { sizes }: { readonly sizes: readonly number[] }): Tensor[] {
  const total = sizes.reduce((sum, part) => sum + part, 0);
  if (total !== size(x, -1))
    throw misfit('split', `parts of ${sizes.join(' + ')} features, the input is ${describe(x)}`);
  return tf.split(x, [...sizes], x.rank - 1);
}

export interface ConcatOptions {
  readonly axis?: AxisName | undefined;
  /** Constant parts in front of a growing last one: after the first pass only the last has new rows. Default false. */
  readonly grows?: boolean | undefined;
}

/**
 * The inputs one after the other, along the features or along the sequence. Other axes of size 1 behind the sequence
 * stretch to those of the others.
 */
export function concat(...inputs: Tensor[]): Tensor;
export function concat(...inputs: [...Tensor[], ConcatOptions]): Tensor;
export function concat(...inputs: [...Tensor[], ConcatOptions, OperatorScope]): Tensor;
export function concat(...inputs: (Tensor | ConcatOptions | OperatorScope)[]): Tensor {
  const parts = inputs.filter((input) => input instanceof tf.Tensor);
  const [options, scope] = inputs.slice(parts.length) as [ConcatOptions?, OperatorScope?];
  const [first, last] = [parts[0], parts.at(-1)];
  if (!first || !last) throw misfit('concat', 'there is nothing to concatenate');
  if (options?.grows && scope && !scope.first) return last;
  const axis = axisOf(first, options?.axis);
  return tf.tidy(() => tf.concat(stretched(parts, axis), axis));
}

/** The parts with axes of size 1 behind the sequence as long as in the others: one key for all heads. */
function stretched(parts: readonly Tensor[], along: number): Tensor[] {
  const sizes = parts[0]!.shape.map((_, axis) => Math.max(...parts.map((part) => size(part, axis))));
  return parts.map((part) => {
    const times = part.shape.map((own, axis) => (axis > 1 && axis !== along && own === 1 ? sizes[axis]! : 1));
    return times.every((n) => n === 1) ? part : tf.tile(part, times);
  });
}

/** For each row of the batch the row of x at its own index: x [B, T, ..], indices [B] → [B, ..]. */
export function gather(x: Tensor, indices: Tensor, _options: { readonly axis?: 'sequence' } = {}): Tensor {
  const [batch = 1, length = 1, ...rest] = x.shape;
  return tf.tidy(() => {
    // A product with 0 and 1 instead of a gather: exact, and its gradient exists on every backend.
    const places = tf.reshape(tf.range(0, length, 1, 'int32'), [1, 1, length]);
    const picks = tf.equal(tf.reshape(tf.cast(indices, 'int32'), [batch, 1, 1]), places);
    const rows = tf.reshape(x, [batch, length, rest.reduce((product, n) => product * n, 1)]);
    return tf.reshape(tf.matMul(tf.cast(picks, 'float32'), tf.cast(rows, 'float32')), [batch, ...rest]);
  });
}

/** The i-th copy's result of a labelled `repeat`, negative from the end. */
export function element<T>(list: readonly T[], index: number | { readonly index: number }): T {
  const i = typeof index === 'number' ? index : index.index;
  const item = list.at(i);
  if (item === undefined) throw misfit('element', `item ${i} of a list of ${list.length}`);
  return item;
}

export interface PredictOptions {
  /** Rows of the constant prefix. */
  readonly prefix: number;
  readonly grows?: boolean | undefined;
}

/**
 * The rows of a whole sequence that score what comes after a constant prefix: row prefix − 1 scores the first generated
 * token, each later row the one after it. In later passes of a generation all rows are such rows.
 */
export function predict(x: Tensor, { prefix, grows = false }: PredictOptions, scope?: OperatorScope): Tensor {
  return grows && scope && !scope.first ? x : tail(x, { from: prefix - 1 });
}

function rowsOf(operator: string, x: Tensor, from: number, count: number): Tensor {
  const axis = sequenceAxis(x);
  const length = size(x, axis);
  if (from < 0 || count < 0 || from + count > length)
    throw misfit(operator, `rows ${from} to ${from + count} of ${describe(x)}, which has ${length} rows`);
  return range(x, axis, from, count);
}
