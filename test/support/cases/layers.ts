import {
  embedding,
  gru,
  layerNorm,
  linear,
  lstm,
  matmul,
  maxout,
  rmsNorm,
  softmax,
  unembed,
  unit,
} from '../../../runtime/src/index.js';
import { map, nd } from '../reference/array.js';
import * as layers from '../reference/layers.js';
import { recurrent } from '../reference/recurrent.js';
import { integers, normal, type OperatorCase } from './case.js';

const gates = (input: number, hidden: number, parts: number) => [
  normal([parts * hidden, input], 21, 0.5),
  normal([parts * hidden], 22),
  normal([parts * hidden, hidden], 23, 0.5),
  normal([parts * hidden], 24),
];

function recurrentCase(name: string, kind: 'gru' | 'lstm', shape: number[], reverse: boolean): OperatorCase {
  const operator = kind === 'gru' ? gru : lstm;
  return {
    name,
    inputs: [normal(shape, 20), ...gates(shape[2]!, 3, kind === 'gru' ? 3 : 4)],
    run: (x, inputWeight, inputBias, hiddenWeight, hiddenBias) =>
      operator(
        x!,
        { input: { weight: inputWeight!, bias: inputBias }, hidden: { weight: hiddenWeight!, bias: hiddenBias } },
        { reverse },
      ),
    reference: (x, inputWeight, inputBias, hiddenWeight, hiddenBias) =>
      recurrent(
        kind,
        x!,
        { inputWeight: inputWeight!, inputBias: inputBias!, hiddenWeight: hiddenWeight!, hiddenBias: hiddenBias! },
        reverse,
      ),
    gradient: true,
  };
}

export const layerCases: readonly OperatorCase[] = [
  ...(
    [
      [1, 1, 4],
      [2, 3, 5],
      [7, 4],
      [2, 2, 3, 4],
    ] as const
  ).map(
    (shape, i): OperatorCase => ({
      name: `linear of [${shape.join()}]`,
      inputs: [normal(shape, i + 1), normal([3, shape.at(-1)!], 11), normal([3], 12)],
      run: (x, weight, bias) => linear(x!, { weight: weight!, bias }),
      reference: (x, weight, bias) => layers.linear(x!, weight!, bias),
      gradient: true,
    }),
  ),
  {
    name: 'linear without a bias, one row',
    inputs: [normal([1, 1, 33], 1), normal([17, 33], 2)],
    run: (x, weight) => linear(x!, { weight: weight! }),
    reference: (x, weight) => layers.linear(x!, weight!),
    gradient: true,
  },
  {
    name: 'linear in 3 groups',
    inputs: [normal([2, 3, 12], 1), normal([6, 4], 2), normal([6], 3)],
    run: (x, weight, bias) => linear(x!, { weight: weight!, bias }, { groups: 3 }),
    reference: (x, weight, bias) => layers.linear(x!, weight!, bias, 3),
    gradient: true,
  },
  {
    name: 'embedding with repeated ids and a scale',
    inputs: [nd([2, 3], [4, 0, 4, 1, 4, 2]), normal([5, 3], 2)],
    dtypes: { 0: 'int32' },
    run: (ids, weight) => embedding(ids!, { weight: weight! }, { scale: 3 }),
    reference: (ids, weight) => layers.embedding(ids!, weight!, 3),
    gradient: true,
  },
  {
    name: 'embedding of many ids',
    inputs: [integers([3, 37], 3, 101), normal([101, 24], 2)],
    dtypes: { 0: 'int32' },
    run: (ids, weight) => embedding(ids!, { weight: weight! }),
    reference: (ids, weight) => layers.embedding(ids!, weight!),
  },
  {
    name: 'unembed',
    inputs: [normal([2, 3, 8], 1), normal([11, 8], 2)],
    run: (x, weight) => unembed(x!, { weight: weight! }),
    reference: (x, weight) => layers.linear(x!, weight!),
    gradient: true,
  },
  {
    name: 'layer_norm',
    inputs: [normal([2, 3, 7], 1), normal([7], 2), normal([7], 3)],
    run: (x, weight, bias) => layerNorm(x!, { weight, bias }),
    reference: (x, weight, bias) => layers.layerNorm(x!, weight, bias, 1e-5),
    gradient: true,
  },
  {
    name: 'layer_norm without weights, eps 1e-12',
    inputs: [normal([5, 768], 1)],
    run: (x) => layerNorm(x!, {}, { eps: 1e-12 }),
    reference: (x) => layers.layerNorm(x!, undefined, undefined, 1e-12),
  },
  {
    name: 'layer_norm of a mean that is 100 deviations',
    inputs: [map(normal([3, 64], 4), (value) => Math.fround(value + 100))],
    run: (x) => layerNorm(x!),
    reference: (x) => layers.layerNorm(x!, undefined, undefined, 1e-5),
    // The mean itself is rounded to 2^-17 of its 100: 1e-5 of the deviation at best.
    tolerance: 1e-4,
  },
  {
    name: 'layer_norm of equal features',
    inputs: [nd([2, 4], [3, 3, 3, 3, -5, -5, -5, -5]), normal([4], 1), normal([4], 2)],
    run: (x, weight, bias) => layerNorm(x!, { weight, bias }),
    reference: (x, weight, bias) => layers.layerNorm(x!, weight, bias, 1e-5),
  },
  {
    name: 'rms_norm',
    inputs: [normal([2, 3, 7], 1), normal([7], 2)],
    run: (x, weight) => rmsNorm(x!, { weight }),
    reference: (x, weight) => layers.rmsNorm(x!, weight, 1e-6),
    gradient: true,
  },
  {
    name: 'rms_norm of tiny and of huge features, no weight',
    inputs: [nd([3, 3], [1e-4, 2e-4, -1e-4, 1e4, -2e4, 3e4, 0, 0, 0].map(Math.fround))],
    run: (x) => rmsNorm(x!, {}, { eps: 1e-5 }),
    reference: (x) => layers.rmsNorm(x!, undefined, 1e-5),
  },
  {
    name: 'softmax',
    inputs: [normal([2, 3, 5], 1, 3)],
    run: (x) => softmax(x!),
    reference: (x) => layers.softmax(x!),
    gradient: true,
  },
  {
    name: 'softmax of scores of ±10,000 and of −∞',
    inputs: [nd([3, 3], [10_000, 9_999, -10_000, -10_000, -10_001, -10_000, -Infinity, 1, 2])],
    run: (x) => softmax(x!),
    reference: (x) => layers.softmax(x!),
  },
  {
    name: 'softmax of a long row',
    inputs: [normal([3, 1000], 2, 4)],
    run: (x) => softmax(x!),
    reference: (x) => layers.softmax(x!),
  },
  {
    name: 'unit, of a zero vector too',
    inputs: [nd([3, 3], [3, 4, 0, 1, 1, 1, 0, 0, 0])],
    run: (x) => unit(x!),
    reference: (x) => layers.unit(x!),
  },
  {
    name: 'unit',
    inputs: [normal([2, 5], 3)],
    run: (x) => unit(x!),
    reference: (x) => layers.unit(x!),
    gradient: true,
  },
  {
    name: 'maxout of 3 pieces',
    inputs: [normal([2, 3, 12], 5)],
    run: (x) => maxout(x!, { pieces: 3 }),
    reference: (x) => layers.maxout(x!, 3),
    gradient: true,
  },
  ...(
    [
      [
        [2, 3, 4],
        [4, 5],
      ],
      [
        [3, 4],
        [4, 2],
      ],
      [
        [2, 3, 4],
        [2, 4, 2],
      ],
      [
        [3, 4],
        [2, 4, 2],
      ],
      [
        [2, 2, 3, 4],
        [2, 2, 4, 3],
      ],
    ] as const
  ).map(
    ([a, b]): OperatorCase => ({
      name: `matmul [${a.join()}] · [${b.join()}]`,
      inputs: [normal(a, 1), normal(b, 2)],
      run: (x, y) => matmul(x!, y!),
      reference: (x, y) => layers.matmul(x!, y!),
      gradient: true,
    }),
  ),
  recurrentCase('gru', 'gru', [2, 4, 5], false),
  recurrentCase('gru of one token', 'gru', [1, 1, 2], false),
  recurrentCase('gru in reverse', 'gru', [2, 3, 2], true),
  recurrentCase('lstm', 'lstm', [2, 4, 5], false),
  recurrentCase('lstm in reverse', 'lstm', [1, 3, 2], true),
];
