import type { Tensor } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import { type AttendOptions, attend, f, read } from '../../runtime/src/index.js';
import { normal } from './cases/case.js';

/** The gradients of query, key and value of attention to the first `seen` of 40 keys, with the others as they are or NaN. */
export async function gradientsWithHidden(
  seen: number,
  spoiled: boolean,
  [width, valueWidth]: readonly [number, number] = [8, 8],
): Promise<number[][]> {
  const tensor = (rows: number, features: number, seed: number, from = rows): Tensor => {
    const { shape, data } = normal([1, rows, 2, features], seed);
    const numbers = Float32Array.from(data, (value, i) => (spoiled && i >= from * 2 * features ? Number.NaN : value));
    return tf.tensor(numbers, [...shape]);
  };
  const inputs = [tensor(37, width, 1), tensor(40, width, 2, seen), tensor(40, valueWidth, 3, seen)];
  return gradientsOf(inputs, { mask: f.mask(({ k }) => f.less(k, seen)) });
}

async function gradientsOf(inputs: Tensor[], options: AttendOptions): Promise<number[][]> {
  const loss = (...[q, k, v]: Tensor[]) => tf.sum(tf.square(attend(q!, k!, v!, options)));
  const gradients = tf.tidy(() => tf.grads(loss)(inputs));
  const numbers: number[][] = [];
  for (const gradient of gradients) numbers.push([...(await read(gradient))]);
  tf.dispose([...inputs, ...gradients]);
  return numbers;
}

const keys = 40;
const isHidden = (k: number): boolean => k % 5 === 1 || k > 32;

/** What hides every fifth of 40 keys and the last ones by a tensor: a mask, with a cap beside it, or −∞ added to the scores. */
export const hidingTensors: Readonly<Record<string, () => AttendOptions>> = {
  mask: () => {
    const seen = tf.tensor1d(
      Array.from({ length: keys }, (_, k) => !isHidden(k)),
      'bool',
    );
    const score = f.score(({ s }) => f.multiply(2, f.tanh(f.divide(s, 2))));
    return { mask: f.mask(({ k }) => f.lookup(seen, [k])), score };
  },
  score: () => {
    const added = tf.tensor1d(Array.from({ length: keys }, (_, k) => (isHidden(k) ? -Infinity : k / 40)));
    return { score: f.score(({ s, k }) => f.add(s, f.lookup(added, [k]))) };
  },
};

/** Result and gradients of attention to these keys, the hidden ones and their values as they are or `spoiled`. */
export async function resultsWithHidden(options: AttendOptions, queries: number, spoiled?: number): Promise<number[]> {
  const tensor = (rows: number, seed: number, mayBeSpoiled: boolean): Tensor => {
    const { shape, data } = normal([1, rows, 2, 12], seed);
    const is = (i: number) => mayBeSpoiled && spoiled !== undefined && isHidden(Math.floor(i / 24));
    return tf.tensor(
      Float32Array.from(data, (value, i) => (is(i) ? spoiled! : value)),
      [...shape],
    );
  };
  const inputs = [tensor(queries, 1, false), tensor(keys, 2, true), tensor(keys, 3, true)];
  const result = attend(inputs[0]!, inputs[1]!, inputs[2]!, options);
  const numbers = [...(await read(result))];
  result.dispose();
  return [...numbers, ...(await gradientsOf(inputs, options)).flat()];
}
