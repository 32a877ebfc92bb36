import type { Tensor } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import { attend, read } from '../../runtime/src/index.js';
import { counterMask, maskAt } from '../../runtime/src/kernels/counter-mask.js';
import { optionsOf, type TableCase } from './cases/attention-table.js';
import { normal } from './cases/case.js';
import { TestScope } from './cases/scope.js';
import { relativeError } from './compare.js';
import type { Nd } from './reference/array.js';
import { attentionWithGradient } from './reference/attention-gradient.js';

/** The seed of the only mask of dropout in a case. */
const seed = 1;

/** The relative errors of the result and of each gradient (of Σ dy · y, for query, key, value, tables and sinks). */
export async function errorsOf(of: TableCase): Promise<readonly number[]> {
  const { batch, queries, keys, heads, keyHeads, width, valueWidth } = of.sizes;
  const first = [
    normal([batch, queries, heads, width], 1),
    normal([batch, keys, keyHeads, width], 2),
    normal([batch, keys, keyHeads, valueWidth], 3),
  ] as const;
  const tables = of.score?.tables(of.sizes) ?? [];
  const dy = normal([batch, queries, heads, valueWidth], 4);
  const mask = counterMask(of.drop, seed);
  const expected = attentionWithGradient(...first, dy, {
    ...(of.scale === undefined ? {} : { scale: of.scale }),
    ...(of.mask ? { mask: of.mask.seen } : {}),
    ...(of.score ? { score: of.score.reference(...tables) } : {}),
    ...(of.drop
      ? { kept: ({ batch: b, head, t, k }) => maskAt(mask, ((b * heads + head) * queries + t) * keys + k) }
      : {}),
    ...{ start: of.start, tables, sinks: of.sinks },
  });
  const inputs = [...first, ...tables, ...(of.sinks ? [of.sinks] : [])].map(tensor);
  const above = tensor(dy);
  const run = ([q, k, v, ...rest]: Tensor[]): Tensor => {
    const scope = new TestScope();
    Object.assign(scope, { position: of.start, first: of.start === 0, training: of.drop > 0, seed });
    const options = { ...optionsOf(of, rest), sinks: of.sinks ? rest.at(-1)! : null };
    const y = attend(q!, k!, v!, options, scope);
    scope.dispose();
    return y;
  };
  for (const { data } of [expected.y, ...expected.gradients]) poison(data.length);
  const y = tf.tidy(() => run(inputs));
  const gradients = tf.tidy(() => tf.grads((...x) => tf.sum(tf.mul(run(x), above)))(inputs));
  const errors = [relativeError(await read(y), expected.y.data)];
  for (const [i, gradient] of gradients.entries())
    errors.push(relativeError(await read(gradient), expected.gradients[i]!.data));
  tf.dispose([y, ...gradients, ...inputs, above]);
  return errors;
}

function tensor({ shape, data }: Nd): Tensor {
  return tf.tensor(Float32Array.from(data), [...shape]);
}

/** Leaves NaN in the buffers that the next tensors of this size get. */
function poison(size: number): void {
  tf.dispose(Array.from({ length: 4 }, () => tf.fill([size], Number.NaN)));
}
