import type { Tensor } from '@tensorflow/tfjs';
import * as ops from '../../../runtime/src/index.js';
import { f } from '../../../runtime/src/index.js';
import { build, get, map, nd, zip } from '../reference/array.js';
import * as reference from '../reference/elementwise.js';
import { normal, type OperatorCase } from './case.js';

/** From far below to far above 0, and the odd values. */
const line = nd(
  [2, 51],
  Array.from({ length: 102 }, (_, i) => (i < 80 ? Math.fround((i - 40) / 4) : Math.fround((i - 91) * 9.7))),
);

function activation(name: string, run: (x: Tensor) => Tensor, element: (x: number) => number): OperatorCase[] {
  return [
    {
      name,
      inputs: [normal([2, 3, 5], 9, 1.5)],
      run: (x) => run(x!),
      reference: (x) => map(x!, element),
      gradient: true,
    },
    { name: `${name}, from −100 to 97`, inputs: [line], run: (x) => run(x!), reference: (x) => map(x!, element) },
  ];
}

const positive = map(normal([3, 4], 3), (x) => Math.fround(Math.abs(x) + 0.1));

function unary(name: string, run: (x: Tensor) => Tensor, element: (x: number) => number): OperatorCase {
  return { name, inputs: [positive], run: (x) => run(x!), reference: (x) => map(x!, element), gradient: true };
}

type Binary = (a: Tensor, b: Tensor) => Tensor;

function binary(name: string, run: Binary, element: (a: number, b: number) => number, gradient = true): OperatorCase[] {
  return (
    [
      [
        [2, 3, 4],
        [2, 3, 4],
      ],
      [[2, 3, 4], [4]],
      [
        [2, 1, 3],
        [2, 4, 1],
      ],
    ] as const
  ).map(([a, b], i) => ({
    name: `${name} [${a.join()}] [${b.join()}]`,
    inputs: [normal(a, i + 1), map(normal(b, i + 7), (x) => Math.fround(Math.abs(x) + 0.5))],
    run: (x, y) => run(x!, y!),
    reference: (x, y) => zip(x!, y!, element),
    gradient,
  }));
}

const halves = nd([2, 4], [1, 2, 2, 3, 0, -1, 4, 4]);
const others = nd([2, 4], [1, 1, 3, 3, 0, 1, 4, -4]);

function comparison(name: string, run: Binary, element: (a: number, b: number) => boolean): OperatorCase {
  return {
    name,
    inputs: [halves, others],
    run: (x, y) => run(x!, y!),
    reference: (x, y) => zip(x!, y!, (a, b) => Number(element(a, b))),
  };
}

export const elementwiseCases: readonly OperatorCase[] = [
  ...activation('relu', ops.relu, reference.relu),
  ...activation('gelu', ops.gelu, reference.gelu),
  ...activation('gelu_tanh', ops.geluTanh, reference.geluTanh),
  ...activation('silu', ops.silu, reference.silu),
  ...activation('sigmoid', ops.sigmoid, reference.sigmoid),
  ...activation('tanh', ops.tanh, Math.tanh),
  ...activation('elu', (x) => ops.elu(x), reference.elu),
  ...activation(
    'elu with alpha 0.3',
    (x) => ops.elu(x, { alpha: 0.3 }),
    (x) => reference.elu(x, 0.3),
  ),
  ...activation('leaky_relu', (x) => ops.leakyRelu(x), reference.leakyRelu),
  ...activation(
    'leaky_relu with slope 0.2',
    (x) => ops.leakyRelu(x, { slope: 0.2 }),
    (x) => reference.leakyRelu(x, 0.2),
  ),
  ...activation('softplus', ops.softplus, reference.softplus),
  ...activation(
    'clamp',
    (x) => ops.clamp(x, { low: -1, high: 2 }),
    (x) => Math.min(Math.max(x, -1), 2),
  ),
  ...activation('abs', ops.abs, Math.abs),
  ...activation('negate', ops.negate, (x) => -x),
  ...activation(
    'apply x · tanh(log(1 + exp(x))), clamped',
    (x) => ops.apply(f.multiply(f.element(0), f.tanh(f.log(f.add(1, f.exp(f.clamp(f.element(0), -20, 20)))))), x),
    (x) => x * Math.tanh(Math.log1p(Math.exp(Math.min(Math.max(x, -20), 20)))),
  ),
  unary('exp', ops.exp, Math.exp),
  unary('log', ops.log, Math.log),
  unary('sqrt', ops.sqrt, Math.sqrt),
  ...binary('add', ops.add, (a, b) => a + b),
  ...binary('subtract', ops.subtract, (a, b) => a - b),
  ...binary('multiply', ops.multiply, (a, b) => a * b),
  ...binary('divide', ops.divide, (a, b) => a / b),
  ...binary('minimum', ops.minimum, Math.min),
  ...binary('maximum', ops.maximum, Math.max),
  {
    name: 'power',
    inputs: [positive, nd([4], [0.5, 2, 3, -1])],
    run: (x, y) => ops.power(x!, y!),
    reference: (x, y) => zip(x!, y!, (a, b) => a ** b),
    gradient: true,
  },
  {
    name: 'arithmetic with numbers: (2 − x) · 3 / 4 + 1',
    composed: true,
    inputs: [normal([2, 3], 1)],
    run: (x) => ops.add(ops.divide(ops.multiply(ops.subtract(2, x!), 3), 4), 1),
    reference: (x) => map(x!, (value) => ((2 - value) * 3) / 4 + 1),
    gradient: true,
  },
  comparison('equal', ops.equal, (a, b) => a === b),
  comparison('not_equal', ops.notEqual, (a, b) => a !== b),
  comparison('less', ops.less, (a, b) => a < b),
  comparison('less_equal', ops.lessEqual, (a, b) => a <= b),
  comparison('greater', ops.greater, (a, b) => a > b),
  comparison('greater_equal', ops.greaterEqual, (a, b) => a >= b),
  {
    ...comparison(
      'and, or, not',
      (x, y) => ops.or(ops.and(ops.less(x, y), ops.greater(x, 1)), ops.not(ops.equal(y, 1))),
      (a, b) => (a < b && a > 1) || b !== 1,
    ),
    composed: true,
  },
  {
    name: 'arithmetic with truth values is on numbers: (x < y) + (x > 1)',
    composed: true,
    inputs: [halves, others],
    run: (x, y) => ops.add(ops.less(x!, y!), ops.greater(x!, 1)),
    reference: (x, y) => zip(x!, y!, (a, b) => Number(a < b) + Number(a > 1)),
  },
  {
    name: 'where and clamp of whole numbers: where(x < y, whole x, 0.5), from −1 to 1',
    composed: true,
    inputs: [halves, others],
    dtypes: { 0: 'int32' },
    run: (x, y) => ops.where(ops.less(x!, y!), ops.clamp(x!, { low: -1, high: 1 }), 0.5),
    reference: (x, y) => zip(x!, y!, (a, b) => (a < b ? Math.min(Math.max(a, -1), 1) : 0.5)),
  },
  {
    name: 'zero of truth values',
    composed: true,
    inputs: [halves, others],
    run: (x, y) => ops.zero(ops.less(x!, y!), ops.greater(x!, 1)),
    reference: (x, y) => zip(x!, y!, (a, b) => Number(a < b && !(a > 1))),
  },
  {
    name: 'where, its condition broadcast',
    inputs: [nd([2, 1], [1, 0]), normal([2, 3], 1), normal([2, 3], 2)],
    dtypes: { 0: 'bool' },
    run: (condition, a, b) => ops.where(condition!, a!, b!),
    reference: (condition, a, b) => build([2, 3], (row, column) => get(get(condition!, row!) ? a! : b!, row!, column!)),
    gradient: true,
  },
  {
    name: 'where on a comparison of its own arguments',
    composed: true,
    inputs: [normal([2, 3], 1), normal([2, 3], 2)],
    run: (a, b) => ops.where(ops.greater(a!, b!), ops.multiply(a!, a!), b!),
    reference: (a, b) => zip(a!, b!, (x, y) => (x > y ? x * x : y)),
    gradient: true,
  },
  {
    name: 'numbers as conditions, fractions and negative ones too: everything but 0 is true',
    composed: true,
    inputs: [nd([2, 3], [0.7, -0.2, 0, 1, -1.2, 256]), normal([2, 3], 2)],
    run: (x, a) => ops.where(ops.or(x!, ops.not(x!)), ops.where(x!, a!, 5), ops.where(ops.and(x!, x!), 6, 7)),
    reference: (x, a) => zip(x!, a!, (condition, value) => (condition !== 0 ? value : 5)),
  },
  {
    name: 'zero where a mask holds',
    inputs: [normal([2, 3], 1), nd([2, 3], [1, 0, 0, 0, 1, 1])],
    dtypes: { 1: 'bool' },
    run: (x, condition) => ops.zero(x!, condition!),
    reference: (x, condition) => zip(x!, condition!, (value, hidden) => (hidden ? 0 : value)),
    gradient: true,
  },
  {
    name: 'zero, one flag for all features of a row',
    inputs: [normal([2, 3, 3], 1), nd([2, 3], [1, 0, 0, 0, 1, 1])],
    dtypes: { 1: 'bool' },
    run: (x, condition) => ops.zero(x!, condition!),
    reference: (x, condition) => build([2, 3, 3], (b, t, d) => (get(condition!, b!, t!) ? 0 : get(x!, b!, t!, d!))),
    gradient: true,
  },
  {
    name: 'apply, a gate of two arguments',
    inputs: [normal([2, 3], 1), normal([2, 3], 2)],
    run: (a, b) =>
      ops.apply(f.multiply(f.sigmoid(f.element(0)), f.if(f.less(f.element(1), 0), 0, f.element(1))), a!, b!),
    reference: (a, b) => zip(a!, b!, (x, y) => reference.sigmoid(x) * (y < 0 ? 0 : y)),
    gradient: true,
  },
  {
    name: 'apply, with a part that is one number',
    inputs: [normal([2, 3], 1)],
    run: (x) => ops.apply(f.multiply(f.element(0), f.divide(f.add(1, 2), 4)), x!),
    reference: (x) => map(x!, (value) => (value * 3) / 4),
    gradient: true,
  },
];
