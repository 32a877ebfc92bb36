import * as tf from '@tensorflow/tfjs';
import { type AttendOptions, attend, type Formula, f, read } from '../../runtime/src/index.js';
import { normal } from './cases/case.js';
import { relativeError } from './compare.js';

const columns = 9;
const { floor, divide, modulo, add, subtract, equal, and, multiply, lessEqual, constant } = f;
const row = (at: Formula) => floor(divide(at, columns));
const column = (at: Formula) => modulo(at, columns);

/** Windows of `width` × `width` on a grid of nine columns, moved by `shift`: those at the edge are smaller. */
const windows = (width: number, shift: number) =>
  f.mask(({ q, k }) => {
    const place = (at: Formula) => floor(divide(add(at, width - shift), width));
    return and(equal(place(row(q)), place(row(k))), equal(place(column(q)), place(column(k))));
  });

export interface GroupedCase {
  readonly mask: Formula;
  readonly batch: number;
  readonly heads: number;
  readonly keyHeads: number;
  readonly options: (table: tf.Tensor) => AttendOptions;
}

const relative = (table: tf.Tensor) => ({
  score: f.score(({ s, q, k, head }) => {
    const between = add(multiply(add(subtract(row(q), row(k)), 8), 17), add(subtract(column(q), column(k)), 8));
    return add(s, f.lookup(table, [between, head]));
  }),
});

export const groupedCases: Readonly<Record<string, GroupedCase>> = {
  windows: { mask: windows(3, 0), batch: 1, heads: 2, keyHeads: 2, options: relative },
  'windows that are moved': { mask: windows(3, 1), batch: 2, heads: 2, keyHeads: 1, options: relative },
  'columns, causal': {
    mask: f.mask(({ q, k }) => and(lessEqual(k, q), equal(column(q), column(k)))),
    ...{ batch: 2, heads: 4, keyHeads: 2, options: relative },
  },
  'rows and every second key': {
    mask: f.mask(({ q, k }) => and(equal(row(q), row(k)), equal(modulo(subtract(q, k), 2), 0))),
    ...{ batch: 1, heads: 2, keyHeads: 2 },
    options: (table) => ({ sinks: tf.slice(tf.reshape(table, [table.size]), [0], [2]) }),
  },
};

/** Errors of result and gradients against the same attention under a mask that is not seen to make groups. */
export async function errorsOf({ mask, batch, heads, keyHeads, options }: GroupedCase): Promise<number[]> {
  const tensor = (shape: number[], seed: number) => tf.tensor(Float32Array.from(normal(shape, seed, 1).data), shape);
  const positions = columns * columns;
  const table = tensor([17 * 17, heads], 4);
  const inputs = [tensor([batch, positions, heads, 8], 1), tensor([batch, positions, keyHeads, 8], 2)];
  inputs.push(tensor([batch, positions, keyHeads, 12], 3), table);
  const dy = tensor([batch, positions, heads, 12], 5);
  const numbersOf = async (of: Formula) => {
    const run = (q: tf.Tensor, k: tf.Tensor, v: tf.Tensor, t: tf.Tensor) =>
      attend(q, k, v, { mask: of, ...options(t) });
    const [q, k, v, t] = inputs as [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor];
    const all = [run(q, k, v, t), ...tf.grads(run as (...args: tf.Tensor[]) => tf.Tensor)(inputs, dy)];
    return Promise.all(all.map((each) => read(each)));
  };
  const found = await numbersOf(mask);
  const expected = await numbersOf(f.or(mask, constant(false)));
  tf.dispose([...inputs, dy]);
  return found.map((values, i) => relativeError(values, expected[i]!));
}
