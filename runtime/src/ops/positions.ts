import type { Tensor } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import { TfmError } from '../errors.js';
import { runsDirectly } from '../kernels/fused.js';
import { guarded, isWatched, stepTensor } from '../replay/tracking.js';
import { add } from './arithmetic.js';
import { type OperatorScope, once, type Position, type Start, startOf } from './context.js';
import { addRows, takeRows } from './embedding.js';
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
  const rows = rowsOfTable(table, width);
  return tf.tidy(() => add(x, positionRows(key, rows, width, length, startOf(grows, scope), scope)));
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

/** So many rows of numbers for the positions from `start` on. */
export type PositionRows = (start: number, length: number) => Float32Array;

/** Rows of a table; `table(n)` gives at least n rows, a whole power of two, so that one table serves many lengths. */
export function rowsOfTable(table: (rows: number) => Float32Array, width: number): PositionRows {
  return (start, length) => table(bucket(start + length)).subarray(start * width, (start + length) * width);
}

/** Rows for the positions of this pass: [T, width], or [B, T, width] where each row of the batch has its own position. */
export function positionRows(
  key: string,
  rows: PositionRows,
  width: number,
  length: number,
  start: Start,
  scope: OperatorScope | undefined,
): Tensor {
  const make = () => {
    const position = start.read();
    if (typeof position === 'number') return rows(position, length);
    const values = new Float32Array(position.length * length * width);
    position.forEach((own, b) => {
      values.set(rows(own, length), b * length * width);
    });
    return values;
  };
  return once(scope, `${key} ${start.name} ${length}`, () => {
    return stepTensor({ make, shape: [...entriesOf(start), length, width], dtype: 'float32' });
  });
}

/** The axis of the batch, where its entries have their own positions. */
function entriesOf(start: Start): number[] {
  const entries = guarded(() => {
    const position = start.read();
    return typeof position === 'number' ? 0 : position.length;
  });
  return entries === 0 ? [] : [entries];
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
  const start = startOf(grows, scope);
  const places = placesOf('learned_positions', start, length, size(weight, 0) - offset);
  return tf.tidy(() => {
    // In a step that is captured the place of a slice would be fixed; and tfjs's on wasm hands the whole table through JavaScript.
    const position = isWatched() || runsDirectly() ? undefined : start.read();
    if (typeof position === 'number') {
      places();
      return add(x, tf.slice(weight, [offset + position, 0], [length, width]));
    }
    const ids = () => places().map((p) => offset + p);
    return addRows(x, weight, stepTensor({ make: ids, shape: placesShape(start, length), dtype: 'int32' }));
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
  const start = startOf(grows, scope);
  const places = placesOf('axial_positions', start, length, size(rows, 0) * across);
  const shape = placesShape(start, length);
  const ids = (of: (p: number) => number) => stepTensor({ make: () => places().map(of), shape, dtype: 'int32' });
  return tf.tidy(() => {
    const row = takeRows(
      rows,
      ids((p) => Math.floor(p / across)),
    );
    const column = takeRows(
      columns,
      ids((p) => p % across),
    );
    return add(x, add(row, column));
  });
}

/** The positions of all rows, entry by entry of the batch where these have their own; checked whenever they are made. */
function placesOf(operator: string, start: Start, length: number, rows: number): () => Int32Array {
  return () => {
    const position = start.read();
    checkRows(operator, position, length, rows);
    const starts = typeof position === 'number' ? [position] : position;
    return Int32Array.from(starts.flatMap((own) => Array.from({ length }, (_, t) => own + t)));
  };
}

function placesShape(start: Start, length: number): number[] {
  const [entries = 1] = entriesOf(start);
  return [entries, length];
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
