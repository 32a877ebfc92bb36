import type { Tensor } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import * as ops from '../../../runtime/src/index.js';
import { map, type Nd, nd } from '../reference/array.js';
import * as elementwise from '../reference/elementwise.js';
import { crossEntropyGradient, normGradients, productOfRows, slopes } from '../reference/gradients.js';
import { matmul } from '../reference/layers.js';
import { normal } from './case.js';

/** An operator whose gradients are kernels of their own. */
export interface GradientCase {
  readonly name: string;
  readonly inputs: readonly Nd[];
  readonly run: (...inputs: Tensor[]) => Tensor;
  readonly shape: readonly number[];
  /** Of Σ dy · y for each input. */
  readonly expected: (dy: Nd) => readonly Nd[];
}

function norm(
  rows: number,
  width: number,
  mean: number,
  kind: 'layer_norm' | 'rms_norm',
  weighted: boolean,
): GradientCase {
  const x = map(normal([rows, width], width), (value) => Math.fround(value + mean));
  const [weight, bias] = [normal([width], 2), normal([width], 3)];
  const centred = kind === 'layer_norm';
  const more = weighted ? (centred ? [weight, bias] : [weight]) : [];
  return {
    name: `${kind} of ${rows} × ${width}, mean ${mean}${weighted ? '' : ', plain'}`,
    inputs: [x, ...more],
    run: (a, w, b) => (centred ? ops.layerNorm(a!, { weight: w, bias: b }) : ops.rmsNorm(a!, { weight: w })),
    shape: [rows, width],
    expected: (dy) => {
      const of = normGradients(x, weighted ? weight : undefined, dy, centred ? 1e-5 : 1e-6, centred);
      return [of.x, of.weight, of.bias].slice(0, 1 + more.length);
    },
  };
}

const { gelu, geluTanh, silu, relu } = elementwise;
const references = { gelu, geluTanh, silu, relu };
const activations = { gelu: ops.gelu, geluTanh: ops.geluTanh, silu: ops.silu, relu: ops.relu };
const names = Object.keys(activations) as (keyof typeof activations)[];

function activation(name: keyof typeof activations): GradientCase {
  const x = map(normal([5, 67], 1), (value) => Math.fround(value * 3));
  return {
    name,
    inputs: [x],
    run: (a) => activations[name](a!),
    shape: x.shape,
    expected: (dy) => [
      nd(
        x.shape,
        dy.data.map((d, i) => d * slopes[name](x.data[i]!)),
      ),
    ],
  };
}

function gated(name: keyof typeof activations, isFirst: boolean): GradientCase {
  const [a, b] = [map(normal([3, 7, 19], 1), (value) => Math.fround(value * 2)), normal([3, 7, 19], 2)];
  const of = (gate: Tensor) => activations[name](gate);
  return {
    name: isFirst ? `${name}(a) ⊙ b` : `b ⊙ ${name}(a)`,
    inputs: [a, b],
    run: (gate, up) => (isFirst ? ops.multiply(of(gate!), up!) : ops.multiply(up!, of(gate!))),
    shape: a.shape,
    expected: (dy) => [
      nd(
        a.shape,
        dy.data.map((d, i) => d * b.data[i]! * slopes[name](a.data[i]!)),
      ),
      nd(
        a.shape,
        dy.data.map((d, i) => d * references[name](a.data[i]!)),
      ),
    ],
  };
}

function linear(rows: readonly number[], outputs: number, inputs: number, withBias: boolean): GradientCase {
  const [x, weight, bias] = [normal([...rows, inputs], 1), normal([outputs, inputs], 2), normal([outputs], 3)];
  return {
    name: `linear of ${rows.join(' × ')} rows, ${inputs} to ${outputs}${withBias ? '' : ', no bias'}`,
    inputs: withBias ? [x, weight, bias] : [x, weight],
    run: (a, w, b) => ops.linear(a!, { weight: w!, bias: b }),
    shape: [...rows, outputs],
    expected: (dy) => {
      const flat = nd([dy.data.length / outputs, outputs], dy.data);
      const ones = nd([flat.shape[0]!, 1], new Float64Array(flat.shape[0]!).fill(1));
      const all = [
        nd(x.shape, matmul(flat, weight).data),
        productOfRows(dy, x),
        nd([outputs], productOfRows(dy, ones).data),
      ];
      return withBias ? all : all.slice(0, 2);
    },
  };
}

function product(rows: number, inner: number, columns: number): GradientCase {
  const [a, b] = [normal([rows, inner], 1), normal([inner, columns], 2)];
  return {
    name: `product of ${rows} × ${inner} and ${inner} × ${columns}`,
    inputs: [a, b],
    run: (left, right) => ops.matmul(left!, right!),
    shape: [rows, columns],
    expected: (dy) => {
      const turned = nd(
        [columns, inner],
        Float64Array.from(
          { length: inner * columns },
          (_, i) => b.data[(i % inner) * columns + Math.floor(i / inner)]!,
        ),
      );
      return [matmul(dy, turned), productOfRows(a, dy)];
    },
  };
}

function crossEntropy(rows: number, classes: number, labelSmoothing: number): GradientCase {
  const scores = map(normal([rows, classes], 1), (value) => Math.fround(value * 4));
  const ids = Array.from({ length: rows }, (_, row) => (row * 5 + 2) % classes);
  return {
    name: `cross-entropy of ${rows} rows, ${classes} classes, smoothing ${labelSmoothing}`,
    inputs: [scores],
    run: (a) => ops.crossEntropy(a!, { values: tf.tensor1d(ids, 'int32') }, { labelSmoothing }),
    shape: [],
    expected: (dy) => [
      crossEntropyGradient(
        scores,
        ids,
        ids.map(() => dy.data[0]! / rows),
        labelSmoothing,
      ),
    ],
  };
}

/** Sizes that are no multiple of a tile or a vector, one row, wide rows, means of a hundred deviations. */
export const gradientCases: readonly GradientCase[] = [
  ...(['layer_norm', 'rms_norm'] as const).flatMap((kind) => [
    norm(1, 8, 0, kind, true),
    norm(7, 3, 0, kind, true),
    norm(33, 67, 0, kind, true),
    norm(70, 64, 0, kind, true),
    norm(5, 2048, 0, kind, true),
    norm(9, 65, 100, kind, true),
    norm(9, 65, 0, kind, false),
  ]),
  ...names.map(activation),
  ...names.map((name) => gated(name, true)),
  gated('silu', false),
  linear([1], 3, 5, true),
  linear([17], 21, 9, true),
  linear([2, 33], 12, 40, true),
  linear([70], 8, 64, false),
  linear([5], 260, 7, true),
  linear([800], 5, 6, true),
  product(19, 21, 9),
  crossEntropy(1, 3, 0),
  crossEntropy(19, 131, 0),
  crossEntropy(7, 260, 0.1),
];
