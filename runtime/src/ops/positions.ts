import type { Tensor } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import { TfmError } from '../errors.js';
import { type OperatorScope, once, type Position } from './context.js';
import { takeRows } from './embedding.js';
import { describe, misfit, sequenceAxis, size } from './shapes.js';
import { bucket, TableCache } from './tables.js';

export interface SinusoidalOptions {
  /** `interleaved`: sin and cos by turns (Vaswani et al. 2017). `halves`: all sines, then all cosines. */
  readonly layout?: 'interleaved' | 'halves' | undefined;
  readonly base?: number | undefined;
  readonly grows?: boolean | undefined;
}

/**
 * x + PE with PE(p, 2i) = sin(p / base^(2i / width)), PE(p, 2i + 1) = cos(p / base^(2i / width))
 * (Vaswani et al. 2017, section 3.5): [.., T, width] → the same.
 */
export function sinusoidalPositions(
  x: Tensor,
  { layout = 'interleaved', base = 10000, grows = false }: SinusoidalOptions = {},
  scope?: OperatorScope,
): Tensor {
  const [length, width] = [size(x, sequenceAxis(x)), size(x, -1)];
  const key = `sinusoidal ${layout} ${base} ${width}`;
  const table = (rows: number) => sinusoids.get(`${key} ${rows}`, () => sinusoidalTable(rows, width, layout, base));
  return tf.tidy(() => tf.add(x, positionRows(key, table, width, length, growing(grows, scope), scope)));
}

/** The encodings of positions 0 … rows − 1, row by row. */
function sinusoidalTable(
  rows: number,
  width: number,
  layout: 'interleaved' | 'halves' = 'interleaved',
  base = 10000,
): Float32Array {
  const table = new Float32Array(rows * width);
  const sines = Math.ceil(width / 2);
  for (let feature = 0; feature < width; feature++) {
    const interleaved = layout === 'interleaved';
    const pair = interleaved ? feature >> 1 : feature % sines;
    const wave = (interleaved ? feature % 2 === 0 : feature < sines) ? Math.sin : Math.cos;
    const frequency = base ** ((-2 * pair) / width);
    for (let p = 0; p < rows; p++) table[p * width + feature] = wave(p * frequency);
  }
  return table;
}

const sinusoids = new TableCache<Float32Array>(4_000_000);

/**
 * Rows of a table for the positions of this pass: [T, width], or [B, T, width] where each row of the batch has its own
 * position. `table(n)` gives at least n rows; a whole power of two, so that one table serves many lengths.
 */
export function positionRows(
  key: string,
  table: (rows: number) => Float32Array,
  width: number,
  length: number,
  position: Position,
  scope: OperatorScope | undefined,
): Tensor {
  const starts = typeof position === 'number' ? [position] : position;
  const rows = table(bucket(Math.max(...starts) + length));
  return once(scope, `${key} ${starts.join()} ${length}`, () => {
    if (typeof position === 'number')
      return tf.tensor2d(rows.subarray(position * width, (position + length) * width), [length, width]);
    const values = new Float32Array(starts.length * length * width);
    starts.forEach((start, b) => {
      values.set(rows.subarray(start * width, (start + length) * width), b * length * width);
    });
    return tf.tensor3d(values, [starts.length, length, width]);
  });
}

export interface LearnedOptions {
  /** Row of the table for position 0 (OPT has 2). */
  readonly offset?: number | undefined;
  readonly grows?: boolean | undefined;
}

/**
 * x + the rows of a learned table [rows, width] at the positions of this pass (Gehring et al. 2017).
 *
 * @throws TfmError TFM5403 where the sequence is longer than the table.
 */
export function learnedPositions(
  x: Tensor,
  { weight }: { readonly weight: Tensor },
  { offset = 0, grows = false }: LearnedOptions = {},
  scope?: OperatorScope,
): Tensor {
  const [length, width] = [size(x, sequenceAxis(x)), size(x, -1)];
  if (size(weight, 1) !== width) throw misfit('learned_positions', `a table ${describe(weight)} for ${describe(x)}`);
  const position = growing(grows, scope);
  checkRows('learned_positions', position, length, size(weight, 0) - offset);
  return tf.tidy(() => {
    if (typeof position === 'number') return tf.add(x, tf.slice(weight, [offset + position, 0], [length, width]));
    const ids = position.flatMap((start) => Array.from({ length }, (_, t) => offset + start + t));
    return tf.add(x, takeRows(weight, tf.tensor2d(ids, [position.length, length], 'int32')));
  });
}

/**
 * x + rows[⌊p / C⌋] + columns[p mod C] for position p of a grid with C columns, read row by row
 * (Child et al. 2019, section 5; DALL·E): x [B, T, width], rows [R, width], columns [C, width].
 *
 * @throws TfmError TFM5403 where the sequence is longer than R · C.
 */
export function axialPositions(
  x: Tensor,
  { rows, columns }: { readonly rows: Tensor; readonly columns: Tensor },
  { grows = false }: { readonly grows?: boolean | undefined } = {},
  scope?: OperatorScope,
): Tensor {
  const [length, across] = [size(x, sequenceAxis(x)), size(columns, 0)];
  const position = growing(grows, scope);
  checkRows('axial_positions', position, length, size(rows, 0) * across);
  const starts = typeof position === 'number' ? [position] : position;
  const places = starts.flatMap((start) => Array.from({ length }, (_, t) => start + t));
  const shape: [number, number] = [starts.length, length];
  return tf.tidy(() => {
    const row = places.map((p) => Math.floor(p / across));
    const column = places.map((p) => p % across);
    const both = tf.add(
      takeRows(rows, tf.tensor2d(row, shape, 'int32')),
      takeRows(columns, tf.tensor2d(column, shape, 'int32')),
    );
    return tf.add(x, both);
  });
}

/** The position of the first row of a growing stream; 0 for one that does not grow. */
function growing(grows: boolean, scope: OperatorScope | undefined): Position {
  return grows && scope ? scope.position : 0;
}

function checkRows(operator: string, position: Position, length: number, rows: number): void {
  const last = (typeof position === 'number' ? position : Math.max(...position)) + length;
  if (last > rows)
    throw new TfmError(
      'TFM5403',
      `${operator}: position ${last - 1} is asked for, the table has ${rows} positions`,
      'give a shorter sequence, or a model with a longer context',
    );
}
