import type { Tensor } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import { vi } from 'vitest';
import type * as Runtime from '../../runtime/src/index.js';
import type * as Lazy from '../../runtime/src/lazy/tensor.js';
import { normal } from './cases/case.js';
import { TestScope } from './cases/scope.js';

/** One copy of the runtime's modules; all share one tfjs. */
interface Copy {
  readonly ops: typeof Runtime;
  readonly lazy: typeof Lazy;
}

async function anotherCopy(): Promise<Copy> {
  vi.resetModules();
  const [ops, lazy] = await Promise.all([
    import('../../runtime/src/index.js'),
    import('../../runtime/src/lazy/tensor.js'),
  ]);
  return { ops, lazy };
}

const width = 8;

function weight(outputs: number, seed: number): Tensor {
  return tf.tensor(Float32Array.from(normal([outputs, width], seed).data), [outputs, width]);
}

/** A generation of one attention: what it computes of three rows, then of one, as operators hand it on in a model. */
function generation({ ops, lazy }: Copy): () => Promise<number[]> {
  const scope = Object.assign(new TestScope(), { hasState: true, capacity: 16 });
  return async () => {
    const rows = scope.first ? 3 : 1;
    const y = lazy.runLazily(() =>
      tf.tidy(() => {
        const x = tf.tensor(Float32Array.from(normal([1, rows, width], rows).data), [1, rows, width]);
        const heads = (seed: number) =>
          ops.splitHeads(ops.linear(ops.rmsNorm(x), { weight: weight(width, seed) }), { heads: 2 });
        const turned = (seed: number) => ops.rotary(heads(seed), { grows: true }, scope);
        const read = ops.attend(turned(1), turned(2), heads(3), { mask: ops.causal, grows: true }, scope);
        return ops.add(x, ops.linear(ops.joinHeads(read), { weight: weight(width, 4) }));
      }),
    );
    scope.advance(rows);
    const values = [...(await ops.read(y))];
    y.dispose();
    return values;
  };
}

/** The gradient of a linear layer, and the kernels that ran. */
async function gradient({ ops }: Copy): Promise<{ readonly values: number[]; readonly kernels: string[] }> {
  const x = tf.tensor(Float32Array.from(normal([2, width], 5).data), [2, width]);
  let dx: Tensor | undefined;
  const { kernelNames } = await tf.profile(() => {
    dx = tf.grad((of: Tensor) => tf.sum(ops.linear(of, { weight: weight(3, 6) })))(x);
    return dx;
  });
  return { values: [...(await ops.read(dx!))], kernels: kernelNames.filter((name) => name.startsWith('Tfm')) };
}

export interface CopiesResult {
  /** Steps of a copy before there was another one. */
  readonly alone: readonly number[][];
  /** The same of both, step by step in turns. */
  readonly together: readonly (readonly number[][])[];
  readonly gradients: readonly { readonly values: number[]; readonly kernels: string[] }[];
}

/** What two copies of the runtime compute on one backend of one tfjs, which both of them start. */
export async function resultsOfTwoCopies(backend: 'webgpu' | 'wasm'): Promise<CopiesResult> {
  const first = await anotherCopy();
  await first.ops.useBackend(backend);
  const before = generation(first);
  const alone = [await before(), await before()];
  const second = await anotherCopy();
  await second.ops.useBackend(backend);
  const [a, b] = [generation(first), generation(second)];
  const [a1, b1] = [await a(), await b()];
  const [b2, a2] = [await b(), await a()];
  const together = [
    [a1, a2],
    [b1, b2],
  ];
  return { alone, together, gradients: [await gradient(first), await gradient(second)] };
}
