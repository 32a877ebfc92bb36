import type { Tensor } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import {
  add,
  attend,
  causal,
  f,
  geluTanh,
  joinHeads,
  layerNorm,
  linear,
  read,
  rotary,
  splitHeads,
} from '../../runtime/src/index.js';
import { normal } from './cases/case.js';

const length = 37;
const width = 24;

/** A pre-norm layer of everything that a decoder is made of. */
function layer(x: Tensor, mask: typeof causal): Tensor {
  const weights = (outputs: number, inputs: number, seed: number) => ({
    weight: tf.tensor(Float32Array.from(normal([outputs, inputs], seed, 0.3).data), [outputs, inputs]),
  });
  return tf.tidy(() => {
    const normed = layerNorm(x);
    const heads = (seed: number, count: number) =>
      splitHeads(linear(normed, weights(count * 6, width, seed)), { heads: count });
    const score = f.score(({ s, q, k }) => f.add(s, f.multiply(0.1, f.subtract(k, q))));
    const read = attend(rotary(heads(2, 4)), rotary(heads(3, 2)), heads(4, 2), { mask, score });
    const y = add(x, linear(joinHeads(read), weights(width, width, 5)));
    return add(y, linear(geluTanh(linear(layerNorm(y), weights(48, width, 6))), weights(width, 48, 7)));
  });
}

/** Two layers over a sequence whose row `changed` has other numbers: whether the rows before it are the same, bit for bit. */
export async function earlierRowsAreUntouched(changed: number, mask = causal): Promise<boolean> {
  const { data } = normal([1, length, width], 1);
  const run = async (numbers: Float64Array) => {
    const result = tf.tidy(() => layer(layer(tf.tensor(Float32Array.from(numbers), [1, length, width]), mask), mask));
    const values = (await read(result)).slice(0, changed * width);
    result.dispose();
    return values;
  };
  const other = Float64Array.from(data, (value, i) => (Math.floor(i / width) === changed ? value * -50 + 3 : value));
  const [before, after] = [await run(data), await run(other)];
  return before.length === changed * width && before.every((value, i) => Object.is(value, after[i]));
}
