import type { Tensor } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import { attend, read } from '../../runtime/src/index.js';
import { counterMask, maskAt } from '../../runtime/src/kernels/counter-mask.js';
import { optionsOf, type TableCase } from './cases/attention-table.js';
import { normal } from './cases/case.js';
import { TestScope } from './cases/scope.js';
import { relativeError } from './compare.js';
import type { Nd } from './reference/array.js';
import { type AttentionResult, attentionWithGradient } from './reference/attention-gradient.js';

/** The seed of the only mask of dropout in a case. */
const seed = 1;

/** A case with its numbers. */
interface Problem {
  /** Query, key, value, then the tables of the score, then the sinks. */
  readonly inputs: readonly Nd[];
  readonly dy: Nd;
  readonly expected: () => AttentionResult;
  readonly run: (inputs: readonly Tensor[]) => Tensor;
}

function problemOf(of: TableCase): Problem {
  const { batch, queries, keys, heads, keyHeads, width, valueWidth } = of.sizes;
  const first = [
    normal([batch, queries, heads, width], 1),
    normal([batch, keys, keyHeads, width], 2),
    normal([batch, keys, keyHeads, valueWidth], 3),
  ] as const;
  const tables = of.score?.tables(of.sizes) ?? [];
  const dy = normal([batch, queries, heads, valueWidth], 4);
  const mask = counterMask(of.drop, seed);
  const expected = () =>
    attentionWithGradient(...first, dy, {
      ...(of.scale === undefined ? {} : { scale: of.scale }),
      ...(of.mask ? { mask: of.mask.seen } : {}),
      ...(of.score ? { score: of.score.reference(...tables) } : {}),
      ...(of.drop
        ? { kept: ({ batch: b, head, t, k }) => maskAt(mask, ((b * heads + head) * queries + t) * keys + k) }
        : {}),
      ...{ start: of.start, tables, sinks: of.sinks },
    });
  const run = ([q, k, v, ...rest]: readonly Tensor[]): Tensor => {
    const scope = new TestScope();
    Object.assign(scope, { position: of.start, first: of.start === 0, training: of.drop > 0, seed });
    const options = { ...optionsOf(of, rest), sinks: of.sinks ? rest.at(-1)! : null };
    const y = attend(q!, k!, v!, options, scope);
    scope.dispose();
    return y;
  };
  return { inputs: [...first, ...tables, ...(of.sinks ? [of.sinks] : [])], dy, expected, run };
}

/** What `observed` says of one run of a case, and the relative error of the result. */
export async function forwardOf<T>(
  of: TableCase,
  observed: (run: () => Tensor) => Promise<{ readonly seen: T; readonly result: Tensor }>,
): Promise<{ readonly seen: T; readonly error: number }> {
  const { inputs, expected, run } = problemOf(of);
  const { y } = expected();
  const given = inputs.map(tensor);
  poison(y.data.length);
  const { seen, result } = await observed(() => tf.tidy(() => run(given)));
  const error = relativeError(await read(result), y.data);
  tf.dispose([result, ...given]);
  return { seen, error };
}

/** Runs a case alone. */
export function runCase(of: TableCase): Tensor {
  const { inputs, run } = problemOf(of);
  return tf.tidy(() => run(inputs.map(tensor)));
}

/** The relative errors of the result and of each gradient (of Σ dy · y, for query, key, value, tables and sinks). */
export async function errorsOf(of: TableCase): Promise<readonly [result: number, ...gradients: number[]]> {
  const { dy, run, ...problem } = problemOf(of);
  const expected = problem.expected();
  const inputs = problem.inputs.map(tensor);
  const above = tensor(dy);
  for (const { data } of [expected.y, ...expected.gradients]) poison(data.length);
  const y = tf.tidy(() => run(inputs));
  const gradients = tf.tidy(() => tf.grads((...x) => tf.sum(tf.mul(run(x), above)))(inputs));
  const errors: [number, ...number[]] = [relativeError(await read(y), expected.y.data)];
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
