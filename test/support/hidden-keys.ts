import type { Tensor } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import { attend, f, read } from '../../runtime/src/index.js';
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
  const mask = f.mask(({ k }) => f.less(k, seen));
  const loss = (...[q, k, v]: Tensor[]) => tf.sum(tf.square(attend(q!, k!, v!, { mask })));
  const gradients = tf.tidy(() => tf.grads(loss)(inputs));
  const numbers: number[][] = [];
  for (const gradient of gradients) numbers.push([...(await read(gradient))]);
  tf.dispose([...inputs, ...gradients]);
  return numbers;
}
