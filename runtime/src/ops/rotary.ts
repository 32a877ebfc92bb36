import type { Tensor } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import type { RotaryAttributes } from '../kernels/attributes.js';
import { type FusedOperator, gradientOfComposition, runFused } from '../kernels/fused.js';
import { lazyRotary } from '../lazy/operators.js';
import { fixed, type OperatorScope, startBehindPrefix } from './context.js';
import { type FrequencyFunction, frequenciesOf, lengthFrequencies, readsLength } from './frequencies.js';
import { type PositionRows, positionRows, rowsOfTable } from './positions.js';
import { describe, misfit, range, size } from './shapes.js';
import { TableCache } from './tables.js';

export interface RotaryOptions {
  readonly theta?: number | undefined;
  /** The share of the features, from the first on, that turns. Default 1. */
  readonly share?: number | undefined;
  /** Which features turn together: i and i + n/2 (GPT-NeoX, Llama in Hugging Face order), or 2i and 2i + 1 (the paper). */
  readonly pairs?: 'halves' | 'interleaved' | undefined;
  /** Changes each frequency θ^(−2i / n), where it has a second parameter by the length of the longest sequence of the batch. */
  readonly frequency?: FrequencyFunction | undefined;
  /**
   * Of a generation whose sequence has reached a length with other frequencies: everything is computed `again`, as a forward
   * pass would, or keys are `kept` as they were turned. Default `again`.
   */
  readonly past?: 'again' | 'kept' | undefined;
  readonly grows?: boolean | undefined;
}

/**
 * Turns each pair (a, b) of features by the angle position · frequency: (a cos − b sin, a sin + b cos)
 * (Su et al. 2021, equation 34): [.., T, H, d] → the same.
 */
export function rotary(x: Tensor, options: RotaryOptions = {}, scope?: OperatorScope): Tensor {
  const { share = 1, pairs = 'halves' } = options;
  const features = size(x, -1);
  const turning = Math.round(share * features);
  if (turning % 2 !== 0 || turning > features)
    throw misfit('rotary', `${turning} of ${features} features of ${describe(x)} turn: they must come in pairs`);
  if (turning === 0) return x;
  return tf.tidy(() => {
    const { cos, sin } = angles(x, turning, options, scope);
    const alone = (of: Tensor) =>
      runFused(rotaryOperator, [of, tf.expandDims(cos, -2), tf.expandDims(sin, -2)], { pairs, backwards: false });
    return (scope && lazyRotary(x, { cos, sin, pairs }, alone)) ?? alone(x);
  });
}

/** [x [.., T, H, d], cos, sin], both [T, 1, n] or [B, T, 1, n]: turns the first n features. */
const rotaryOperator: FusedOperator<RotaryAttributes> = {
  kernel: 'TfmRotary',
  composition: ([x, cos, sin], { pairs, backwards }) => {
    const [features, turning] = [size(x!, -1), size(cos!, -1)];
    const part = range(x!, x!.rank - 1, 0, turning);
    const turned = turn(part, cos!, backwards ? tf.neg(sin!) : sin!, pairs);
    if (turning === features) return turned;
    return tf.concat([turned, range(x!, x!.rank - 1, turning, features - turning)], -1);
  },
  gradient: (dy, [x, cos, sin], { pairs, backwards }) => {
    const ofTable = (which: 1 | 2) => () =>
      gradientOfComposition(rotaryOperator, dy, [x, cos, sin], { pairs, backwards })[which]!();
    const back = () => runFused(rotaryOperator, [dy, cos, sin], { pairs, backwards: !backwards });
    return [back, ofTable(1), ofTable(2)]; // nobody trains the tables
  },
};

/**
 * Turns all features by tables that broadcast to x: for a pair (a, b) both entries of `cos` are the cosine, those of
 * `sin` are −sine and sine.
 */
export function turn(x: Tensor, cos: Tensor, sin: Tensor, pairs: 'halves' | 'interleaved'): Tensor {
  return tf.tidy(() => tf.add(tf.mul(x, cos), tf.mul(partners(x, pairs), sin)));
}

/** Each feature's partner in its pair. The sign of the first of a pair is in the table of sines. */
function partners(x: Tensor, pairs: 'halves' | 'interleaved'): Tensor {
  const features = size(x, -1);
  if (tf.getBackend() === 'wasm') {
    // A product with a permutation matrix is exact, and XNNPACK takes a third of the time of `reverse` or of copies.
    const key = `exchange ${pairs} ${features}`;
    const matrix = tables.get(key, () => exchange(features, pairs));
    const product = tf.matMul(tf.reshape(x, [x.size / features, features]), tf.tensor2d(matrix, [features, features]));
    return tf.reshape(product, x.shape);
  }
  const [shape, axis] = pairs === 'halves' ? [[2, features / 2], 1] : [[features / 2, 2], 2];
  return tf.reshape(tf.reverse(tf.reshape(x, [x.size / features, ...shape]), axis), x.shape);
}

/** The matrix that exchanges the two features of each pair. */
function exchange(features: number, pairs: 'halves' | 'interleaved'): Float32Array {
  const matrix = new Float32Array(features * features);
  for (let i = 0; i < features; i++) {
    const partner = pairs === 'halves' ? (i + features / 2) % features : i ^ 1;
    matrix[i * features + partner] = 1;
  }
  return matrix;
}

type Wave = 'cos' | 'sin';

/** cos and ± sin as [T, n], or [B, T, n]; where there is a scope, it owns them. */
function angles(x: Tensor, features: number, options: RotaryOptions, scope: OperatorScope | undefined) {
  const { pairs = 'halves' } = options;
  const length = size(x, -3);
  const start = options.grows ? startBehindPrefix(scope) : fixed(0);
  const { name, rowsOf } = turning(length, features, options, scope);
  const make = (wave: Wave) => {
    const key = `rotary ${wave} ${pairs} ${name}`;
    return positionRows(key, rowsOf(wave, key), features, length, start, scope);
  };
  return { cos: make('cos'), sin: make('sin') };
}

interface Turning {
  /** Equal for equal rows at equal positions. */
  readonly name: string;
  readonly rowsOf: (wave: Wave, key: string) => PositionRows;
}

function turning(rows: number, features: number, options: RotaryOptions, scope: OperatorScope | undefined): Turning {
  const { theta = 10000, pairs = 'halves', frequency, past = 'again', grows = false } = options;
  if (!frequency || !readsLength(frequency)) {
    const own = frequenciesOf(theta, features);
    const frequencies = frequency ? own.map((each) => frequency(each, rows)) : own;
    const table = (wave: Wave, key: string) => (most: number) =>
      tables.get(`${key} ${most}`, () => waveTable(wave, 0, most, frequencies, pairs));
    const name = frequency ? frequencies.join() : `${theta} ${features}`;
    return { name, rowsOf: (wave, key) => rowsOfTable(table(wave, key), features) };
  }
  const { name, at } = lengthFrequencies(frequency, theta, features, past);
  if (grows && scope?.first) scope.turnsBy?.({ name, past, at });
  // Read for each step, because each may have frequencies of its own: a table would be made for one row.
  const reached = (): number => (grows ? scope?.length : undefined) ?? rows;
  const rowsOf = (wave: Wave) => (start: number, length: number) =>
    waveTable(wave, start, length, at(reached()), pairs);
  return { name: `${name}${grows ? ' grows' : ''}`, rowsOf };
}

const tables = new TableCache<Float32Array>(8_000_000);

/** The rows of the positions from `start` on. */
function waveTable(
  wave: Wave,
  start: number,
  rows: number,
  frequencies: readonly number[],
  pairs: 'halves' | 'interleaved',
): Float32Array {
  const half = frequencies.length;
  const table = new Float32Array(rows * half * 2);
  frequencies.forEach((frequency, i) => {
    const [first, second] = pairs === 'halves' ? [i, i + half] : [2 * i, 2 * i + 1];
    for (let p = 0; p < rows; p++) {
      const angle = (start + p) * frequency;
      const value = wave === 'cos' ? Math.cos(angle) : Math.sin(angle);
      table[p * half * 2 + first] = wave === 'cos' ? value : -value;
      table[p * half * 2 + second] = value;
    }
  });
  return table;
}
