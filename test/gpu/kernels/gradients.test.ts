import type { Tensor } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import { expect, test } from 'vitest';
import * as ops from '../../../runtime/src/index.js';
import { runFused } from '../../../runtime/src/kernels/fused.js';
import { linearOperator } from '../../../runtime/src/ops/linear.js';
import { normal } from '../../support/cases/case.js';
import { relativeError } from '../../support/compare.js';
import { tensor, workOf } from './kit.js';

// The gradients of all operators are tested against float64 in ../operators.test.ts; here are larger ones.
interface GradientCase {
  readonly name: string;
  readonly shapes: readonly (readonly number[])[];
  readonly run: (...x: Tensor[]) => Tensor;
  readonly shader: string;
}

const { f } = ops;

const cases: readonly GradientCase[] = [
  {
    name: 'linear, 17 rows',
    shapes: [[17, 9], [21, 9], [21]],
    run: (x, weight, bias) => ops.linear(x!, { weight: weight!, bias }),
    shader: 'linear of many rows',
  },
  {
    name: 'linear with gelu and a residual',
    shapes: [[5, 6], [7, 6], [7], [5, 7]],
    run: (...all) => runFused(linearOperator, all, { activation: 'gelu' }),
    shader: 'linear of few rows',
  },
  {
    name: 'layer_norm',
    shapes: [[3, 5, 18], [18], [18]],
    run: (x, weight, bias) => ops.layerNorm(x!, { weight, bias }),
    shader: 'layer_norm',
  },
  {
    name: 'rotary',
    shapes: [[2, 5, 3, 8]],
    run: (x) => ops.rotary(x!, { share: 0.5 }),
    shader: 'rotary',
  },
  {
    name: 'attend with a window, a table and sinks',
    shapes: [[2, 37, 4, 6], [2, 37, 2, 6], [2, 37, 2, 5], [73, 4], [4]],
    run: (q, k, v, table, sinks) =>
      ops.attend(q!, k!, v!, {
        mask: f.and(
          ops.causal,
          f.mask((at) => f.less(f.subtract(at.q, at.k), 3)),
        ),
        score: f.score((at) => f.add(at.s, f.lookup(table!, [f.add(36, f.subtract(at.k, at.q)), at.head]))),
        sinks: sinks!,
      }),
    shader: 'attention of many queries',
  },
];

/** Of Σ w·y for random w. */
async function gradients({ shapes, run }: GradientCase, backend: 'cpu' | 'webgpu') {
  await ops.useBackend(backend);
  const inputs = shapes.map((shape, seed) => tensor(normal(shape, seed + 1)));
  const loss = (...x: Tensor[]) => {
    const y = run(...x);
    return tf.sum(tf.mul(y, tensor(normal(y.shape, 99))));
  };
  const compute = () => tf.tidy(() => tf.grads(loss)(inputs));
  const { result, dispatches } =
    backend === 'webgpu'
      ? await workOf(compute).then(({ work, result: found }) => ({ result: found, dispatches: work.dispatches }))
      : { result: compute(), dispatches: [] };
  const numbers: Float32Array[] = [];
  for (const gradient of result) numbers.push(Float32Array.from(await ops.read(gradient)));
  tf.dispose([...inputs, ...result]);
  return { numbers, dispatches };
}

test.each(cases)('$name: the gradients of the cpu backend', async (of) => {
  const { numbers: expected } = await gradients(of, 'cpu');
  const { numbers: found, dispatches } = await gradients(of, 'webgpu');
  expect(dispatches).toContain(of.shader);
  const errors = found.map((gradient, i) => relativeError(gradient, expected[i]!));
  expect(Math.max(...errors), errors.join()).toBeLessThan(1e-4);
});
