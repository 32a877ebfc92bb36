import type { Tensor } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import { describe, expect, test } from 'vitest';
import * as ops from '../../../../runtime/src/index.js';
import { runFused } from '../../../../runtime/src/kernels/fused.js';
import { linearOperator } from '../../../../runtime/src/ops/linear.js';
import { normal } from '../../../support/cases/case.js';
import { relativeError } from '../../../support/compare.js';
import { kernelsOf, tensor } from './kit.js';

interface GradientCase {
  readonly name: string;
  readonly shapes: readonly (readonly number[])[];
  readonly run: (...x: Tensor[]) => Tensor;
}

const { f } = ops;
const attention: readonly (readonly number[])[] = [
  [2, 7, 4, 6],
  [2, 7, 2, 6],
  [2, 7, 2, 5],
];

const cases: readonly GradientCase[] = [
  {
    name: 'linear, 17 rows',
    shapes: [[17, 9], [21, 9], [21]],
    run: (x, weight, bias) => ops.linear(x!, { weight: weight!, bias }),
  },
  {
    name: 'unembed, one row',
    shapes: [
      [1, 9],
      [30, 9],
    ],
    run: (x, weight) => ops.unembed(x!, { weight: weight! }),
  },
  {
    name: 'linear with gelu and a residual',
    shapes: [[5, 6], [7, 6], [7], [5, 7]],
    run: (...all) => runFused(linearOperator, all, { activation: 'gelu' }),
  },
  {
    name: 'layer_norm',
    shapes: [[3, 5, 18], [18], [18]],
    run: (x, weight, bias) => ops.layerNorm(x!, { weight, bias }),
  },
  { name: 'rms_norm', shapes: [[3, 5, 18], [18]], run: (x, weight) => ops.rmsNorm(x!, { weight }) },
  { name: 'softmax', shapes: [[4, 11]], run: (x) => ops.softmax(x!) },
  { name: 'gelu', shapes: [[4, 11]], run: (x) => ops.gelu(x!) },
  { name: 'gelu by tanh', shapes: [[4, 11]], run: (x) => ops.geluTanh(x!) },
  { name: 'silu', shapes: [[4, 11]], run: (x) => ops.silu(x!) },
  {
    name: 'silu(a) ⊙ b',
    shapes: [
      [4, 11],
      [4, 11],
    ],
    run: (a, b) => ops.multiply(ops.silu(a!), b!),
  },
  { name: 'rotary', shapes: [[2, 5, 3, 8]], run: (x) => ops.rotary(x!, { share: 0.5 }) },
  { name: 'rotary, interleaved', shapes: [[2, 5, 3, 8]], run: (x) => ops.rotary(x!, { pairs: 'interleaved' }) },
  { name: 'attend', shapes: attention, run: (q, k, v) => ops.attend(q!, k!, v!, { mask: ops.causal }) },
  {
    name: 'attend with a window, a table and sinks',
    shapes: [...attention, [13, 4], [4]],
    run: (q, k, v, table, sinks) =>
      ops.attend(q!, k!, v!, {
        mask: f.and(
          ops.causal,
          f.mask((at) => f.less(f.subtract(at.q, at.k), 3)),
        ),
        score: f.score((at) => f.add(at.s, f.lookup(table!, [f.add(6, f.subtract(at.k, at.q)), at.head]))),
        sinks: sinks!,
      }),
  },
];

/** Of Σ w·y² for random w; `twice`: of the sum of that gradient's squares, a gradient through a gradient. */
async function gradients({ shapes, run }: GradientCase, backend: 'cpu' | 'wasm', twice: boolean) {
  await ops.useBackend(backend);
  const inputs = shapes.map((shape, seed) => tensor(normal(shape, seed + 1)));
  const loss = (...x: Tensor[]) => {
    const y = run(...x);
    const weights = tensor(normal(y.shape, 99));
    return tf.sum(tf.mul(tf.square(y), weights));
  };
  const steep = (...x: Tensor[]) =>
    tf.addN(
      tf
        .grads(loss)(x)
        .map((gradient) => tf.sum(tf.square(gradient))),
    );
  const result = tf.tidy(() => tf.grads(twice ? steep : loss)(inputs));
  const numbers: Float32Array[] = [];
  for (const gradient of result) numbers.push(Float32Array.from(await ops.read(gradient)));
  tf.dispose([...inputs, ...result]);
  return numbers;
}

describe('gradients are those of the cpu backend', () => {
  test.each(cases)('$name', async (of) => {
    const expected = await gradients(of, 'cpu', false);
    const found = await gradients(of, 'wasm', false);
    const errors = found.map((gradient, i) => relativeError(gradient, expected[i]!));
    expect(Math.max(...errors), errors.join()).toBeLessThan(1e-5);
  });

  test.each(
    cases.filter(({ name }) =>
      ['linear, 17 rows', 'layer_norm', 'rms_norm', 'rotary', 'silu', 'silu(a) ⊙ b'].includes(name),
    ),
  )('a second time: $name', async (of) => {
    const expected = await gradients(of, 'cpu', true);
    const found = await gradients(of, 'wasm', true);
    const errors = found.map((gradient, i) => relativeError(gradient, expected[i]!));
    expect(Math.max(...errors), errors.join()).toBeLessThan(1e-4);
  });

  test('a linear layer goes back through kernels of its own', async () => {
    await ops.useBackend('wasm');
    const [x, w] = [tensor(normal([5, 6], 1)), tensor(normal([7, 6], 2))];
    const kernels = await kernelsOf(
      () => tf.grads((a: Tensor, b: Tensor) => tf.sum(ops.linear(a, { weight: b })))([x, w])[1]!,
    );
    expect(kernels.filter((name) => name.startsWith('Tfm'))).toEqual(['TfmLinear', 'TfmProduct', 'TfmProductOfRows']);
    expect(kernels).not.toContain('BatchMatMul');
    expect(kernels).not.toContain('Transpose');
  });

  test('variableGrads finds weights', async () => {
    await ops.useBackend('wasm');
    const weight = tf.variable(tensor(normal([4, 6], 1)));
    const x = tensor(normal([3, 6], 2));
    const { grads } = tf.variableGrads(() => tf.sum(ops.linear(x, { weight })));
    const sums = await ops.read(tf.sum(x, 0));
    const found = await ops.read(grads[weight.name]!);
    expect(
      relativeError(
        found,
        Float32Array.from({ length: 24 }, (_, i) => sums[i % 6]!),
      ),
    ).toBeLessThan(1e-6);
    weight.dispose();
  });
});
