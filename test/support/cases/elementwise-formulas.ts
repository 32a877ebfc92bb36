import type { Tensor } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import { onNumbers } from '../../../runtime/src/formula/numbers.js';
import { apply, type Formula, f, read } from '../../../runtime/src/index.js';
import { gradientError, relativeError } from '../compare.js';
import { build, count, type Nd, nd } from '../reference/array.js';
import { normal } from './case.js';

const [x, y] = [f.element(0), f.element(1)];
const gateOf = f.minimum(x, 7);

/** Formulas of one or two elements. */
export const elementwiseFormulas: Readonly<Record<string, Formula>> = {
  quick_gelu: f.multiply(x, f.sigmoid(f.multiply(1.702, x))),
  softcap: f.multiply(30, f.tanh(f.divide(x, 30))),
  mish: f.multiply(x, f.tanh(f.log(f.add(1, f.exp(x))))),
  relu2: f.power(f.relu(x), 2),
  'the gate of gpt-oss': f.multiply(
    f.multiply(gateOf, f.sigmoid(f.multiply(1.702, gateOf))),
    f.add(1, f.clamp(y, -7, 7)),
  ),
  'a clamp with an infinite bound': f.add(f.clamp(x, Number.NEGATIVE_INFINITY, 1.5), y),
  bump: f.exp(f.negate(f.power(f.subtract(x, y), 2))),
  'logic and choices': f.if(
    f.or(f.and(f.less(x, y), f.greaterEqual(y, 0)), f.not(f.notEqual(x, y))),
    f.leakyRelu(x, 0.2),
    f.if(f.lessEqual(y, x), f.sign(y), f.greater(x, 1)),
  ),
  'truth values as numbers': f.add(f.multiply(f.equal(f.abs(x), f.abs(y)), 2), f.and(f.less(x, 1), f.less(0, y))),
  'whole numbers': f.add(f.floor(x), f.multiply(10, f.add(f.ceil(y), f.multiply(10, f.round(f.multiply(x, 2)))))),
  'small powers': f.add(f.divide(f.power(x, 3), f.add(1, f.power(x, 4))), f.power(f.add(2, f.power(y, 2)), -3)),
  'roots and logarithms': f.add(f.power(f.abs(x), 0.5), f.log2(f.add(0.5, f.sqrt(f.abs(y))))),
  'extremes, the first of them twice': f.subtract(f.maximum(x, f.minimum(x, y)), f.multiply(f.minimum(x, y), 0.5)),
  'sine, cosine and other powers': f.add(f.multiply(f.sin(x), f.cos(y)), f.power(f.add(f.abs(x), 0.5), y)),
};

type Evaluate = (of: Formula, elements: readonly number[]) => number;

/** In float64; or rounded after every operation, so that what overflows in float32 does so here. */
function evaluator(round: (value: number) => number): Evaluate {
  const value: Evaluate = (of, elements) => {
    if (of.kind === 'constant') return round(Number(of.value));
    if (of.kind === 'element') return elements[of.index]!;
    if (of.kind !== 'operator' || of.operator === 'dot') throw new Error(`no number for ${of.kind}`);
    return round(onNumbers[of.operator](...of.operands.map((operand) => value(operand, elements))));
  };
  return value;
}

/** Shapes that broadcast: odd and even numbers of elements, one, more than a strip of the wasm kernel. */
const shapes: readonly (readonly [x: readonly number[], y: readonly number[]])[] = [
  [[1], [1]],
  [
    [2, 3, 5],
    [2, 3, 5],
  ],
  [
    [3, 4, 72],
    [3, 4, 72],
  ],
  [[3, 7, 36], [36]],
  [[2, 3, 7], [7]],
  [
    [3, 5, 68],
    [3, 1, 1],
  ],
  [
    [5, 1],
    [1, 6],
  ],
  [[], [3, 4]],
  [
    [4, 1, 3],
    [1, 5, 1],
  ],
  [
    [2, 1, 3],
    [2, 4, 1],
  ],
];

/** The relative error of a formula against float64, in memory that held NaN before; two shapes for each place in a list. */
export async function elementwiseErrors(of: Formula, place: number): Promise<number[]> {
  const errors: number[] = [];
  for (const at of [place, place + 5]) {
    const [first, second] = shapes[at % shapes.length]!;
    const [a, b] = [normal(first, place + 1, 2), normal(second, place + 50, 2)];
    errors.push(relativeError(...(await bothOf(of, a, b, evaluator(Number)))));
  }
  return errors;
}

/** The worst relative error of its gradients, of operands that repeat, against differences in float64. */
export async function elementwiseGradientError(of: Formula): Promise<number> {
  const inputs = [normal([3, 4, 5], 1, 2), ...(readsBoth(of) ? [normal([4, 1], 2, 2)] : [])];
  const evaluate = evaluator(Number);
  const shape = [3, 4, 5];
  const reference = (...given: Nd[]) =>
    build(shape, (...index) => {
      const i = index.reduce((place, at, axis) => place * shape[axis]! + at, 0);
      return evaluate(
        of,
        given.map((each) => at(each, shape, i)),
      );
    });
  return gradientError({ name: '', inputs, run: (...given) => apply(of, ...given), reference });
}

function readsBoth(of: Formula): boolean {
  return JSON.stringify(of).includes('"index":1');
}

const float32 = evaluator(Math.fround);

/** Far beyond what models have, denormal, infinite and undefined. */
const hard = [
  ...[0, -0, 1e-20, -1e-20, 1e-5, -1e-5, 0.3, -0.3, 1, -1, 20, -20, 44, -44, 87, -87, 88, -88],
  ...[89, -89, 110, -110, 1e4, -1e4, 1e19, -1e19, 1e30, -1e30, 3e38, -3e38, Infinity, -Infinity, Number.NaN],
].map(Math.fround);
const denormal = [1e-40, -1e-40].map(Math.fround);

/**
 * The largest error of a formula of hard numbers, each relative to itself, against float32 with right functions. Infinite and undefined
 * results must be so. What is below 1e-6 counts as that: a device may take denormal numbers for 0, also those that it is given.
 */
export async function hardError(of: Formula, { flushes }: { readonly flushes: boolean }): Promise<number> {
  const numbers = flushes ? hard : [...hard, ...denormal];
  const pairs = numbers.flatMap((a, i) => [a, numbers[(i * 11 + 3) % numbers.length]!, a, 0.7]);
  const side = (odd: number) =>
    nd(
      [pairs.length / 2],
      pairs.filter((_, i) => i % 2 === odd),
    );
  const [actual, expected] = await bothOf(of, side(0), side(1), float32);
  let worst = 0;
  for (const [i, r] of expected.entries()) {
    const result = actual[i]!;
    if (Object.is(result, r)) continue;
    const error = Math.abs(result - r) / Math.max(Math.abs(r), 1e-6);
    if (!(error <= worst)) worst = Number.isNaN(error) ? Number.POSITIVE_INFINITY : error;
  }
  return worst;
}

async function bothOf(of: Formula, a: Nd, b: Nd, evaluate: Evaluate): Promise<[ArrayLike<number>, number[]]> {
  const given = [a, b].map(({ shape, data }) => tf.tensor(Float32Array.from(data), [...shape]));
  const shape = readsBoth(of) ? tf.broadcast_util.assertAndGetBroadcastShape([...a.shape], [...b.shape]) : [...a.shape];
  tf.dispose(Array.from({ length: 4 }, () => tf.fill([Math.max(count(shape), 1)], Number.NaN)));
  const made: Tensor = apply(of, ...given);
  if (!tf.util.arraysEqual(made.shape, shape)) throw new Error(`[${made.shape}] where [${shape}] was expected`);
  const actual = await read(made);
  const expected = Array.from({ length: count(shape) }, (_, i) => evaluate(of, [at(a, shape, i), at(b, shape, i)]));
  tf.dispose([...given, made]);
  return [actual, expected];
}

/** Number i of a tensor that broadcasts to a shape. */
function at({ shape, data }: Nd, result: readonly number[], i: number): number {
  let [rest, place, stride] = [i, 0, 1];
  for (let axis = result.length - 1; axis >= 0; axis--) {
    const size = shape[axis - result.length + shape.length] ?? 1;
    place += (size === 1 ? 0 : rest % result[axis]!) * stride;
    stride *= size;
    rest = Math.floor(rest / result[axis]!);
  }
  return data[place]!;
}

/** A formula of two elements, made by chance; equal for equal seeds. */
export function randomFormula(seed: number): Formula {
  const choices = normal([200], seed, 1000).data;
  let next = 0;
  const choice = (below: number) => Math.floor(Math.abs(choices[next++ % choices.length]!)) % below;
  const part = (depth: number): Formula => {
    if (depth === 0 || choice(6) === 0) return [x, y, f.constant([0.5, -1, 2, 3.25][choice(4)]!)][choice(3)]!;
    const operand = () => part(depth - 1);
    const kinds: (() => Formula)[] = [
      () => f.add(operand(), operand()),
      () => f.subtract(operand(), operand()),
      () => f.multiply(operand(), f.tanh(operand())),
      () => f.divide(operand(), f.add(1, f.abs(operand()))),
      () => f.maximum(operand(), operand()),
      () => f.minimum(operand(), operand()),
      () => f.sigmoid(operand()),
      () => f.exp(f.negate(f.abs(operand()))),
      () => f.if(f.less(x, y), operand(), operand()),
      () => f.log(f.add(1, f.abs(operand()))),
    ];
    return kinds[choice(kinds.length)]!();
  };
  return f.add(f.multiply(x, part(4)), part(4));
}
