import type { Tensor } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import type { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu';
import { beforeAll, describe, expect, test } from 'vitest';
import { type Expert, experts, linear, multiply, read, silu, useBackend } from '../../../runtime/src/index.js';
import { runLazily } from '../../../runtime/src/lazy/tensor.js';
import { normal } from '../../support/cases/case.js';
import { relativeError } from '../../support/compare.js';
import { get, map, type Nd, nd, zip } from '../../support/reference/array.js';
import * as layers from '../../support/reference/layers.js';
import { poison, tensor, workOf } from './kit.js';

beforeAll(async () => {
  expect(await useBackend('webgpu')).toBe('webgpu');
});

/** How many experts there are and how many a row takes. */
const [count, top] = [5, 2];

interface Layer<T> {
  readonly weight: T;
  readonly bias?: T;
}

interface Gated<T> {
  readonly gate: Layer<T>;
  readonly up: Layer<T>;
  readonly down: Layer<T>;
}

/** Gated feed-forward layers, each its own, of which the first have biases. */
function numbersOf(width: number, hidden: number, hasBias: boolean): Gated<Nd>[] {
  return Array.from({ length: count }, (_, e) => {
    const layer = (outputs: number, inputs: number, seed: number): Layer<Nd> => ({
      weight: normal([outputs, inputs], 10 * e + seed),
      ...(hasBias ? { bias: normal([outputs], 10 * e + seed + 5) } : {}),
    });
    return { gate: layer(hidden, width, 1), up: layer(hidden, width, 2), down: layer(width, hidden, 3) };
  });
}

function variablesOf(numbers: readonly Gated<Nd>[]): Gated<tf.Variable>[] {
  const variable = (of: Nd) => tf.tidy(() => tf.variable(tensor(of)));
  const layer = ({ weight, bias }: Layer<Nd>): Layer<tf.Variable> => ({
    weight: variable(weight),
    ...(bias ? { bias: variable(bias) } : {}),
  });
  return numbers.map(({ gate, up, down }) => ({ gate: layer(gate), up: layer(up), down: layer(down) }));
}

const run: Expert<Gated<Tensor>> = (rows, _, { gate, up, down }) =>
  linear(multiply(silu(linear(rows, gate)), linear(rows, up)), down);

/** The experts of a row. */
function chosenBy(shares: Nd, row: number): number[] {
  const order = Array.from({ length: count }, (_, e) => e);
  return order.sort((a, b) => get(shares, row, b) - get(shares, row, a) || a - b).slice(0, top);
}

/** Σ share · expert(row), in float64. */
function reference(x: Nd, shares: Nd, numbers: readonly Gated<Nd>[]): Nd {
  const results = numbers.map(({ gate, up, down }) => {
    const open = map(layers.linear(x, gate.weight, gate.bias), (value) => value / (1 + Math.exp(-value)));
    const hidden = zip(open, layers.linear(x, up.weight, up.bias), (a, b) => a * b);
    return layers.linear(hidden, down.weight, down.bias);
  });
  const [rows = 0, width = 0] = x.shape;
  const sums = new Float64Array(rows * width);
  for (let row = 0; row < rows; row++) {
    for (const e of chosenBy(shares, row))
      for (let i = 0; i < width; i++) sums[row * width + i]! += get(shares, row, e) * get(results[e]!, row, i);
  }
  return nd(x.shape, sums);
}

/** Held by tensors. */
async function bytesOfDevice(): Promise<number> {
  await read(tf.scalar(0)); // all that was asked for is done, and its memory given back
  return (tf.memory() as tf.MemoryInfo & { readonly numBytesInGPU: number }).numBytesInGPU;
}

async function mixed(x: Nd, shares: Nd, weights: readonly Gated<Tensor>[]) {
  const given = [tensor(x), tensor(shares)] as const;
  poison(x.data.length);
  poison((x.data.length / x.shape.at(-1)!) * top * weights[0]!.gate.weight.shape[0]!);
  // A mixture waits for a sum behind it: the view has it computed.
  const compute = () => tf.reshape(experts(...given, run, { top, weights }), [...x.shape]);
  const { work, result } = await workOf(() => tf.tidy(() => runLazily(compute)));
  const values = await read(result);
  tf.dispose([...given, result]);
  return { values, work };
}

const few = ['routing', 'linear of few slots', 'linear of few slots', 'mixture'];
const many = ['routing', 'linear of slots', 'linear of slots', 'mixture'];

describe.each([
  // One row of a step; some that fill no vector; so many that they come in tiles, of which most are not full.
  [1, 8, 12, false, few],
  [3, 7, 5, true, few],
  [90, 8, 12, false, many],
] as const)('%i rows of %i features', (rows, width, hidden, hasBias, dispatches) => {
  const numbers = numbersOf(width, hidden, hasBias);
  const x = normal([rows, width], 100);
  // Equal ones among them, and rows that leave an expert alone.
  const shares = map(normal([rows, count], 101), (value) => Math.round(2 * value) / 2);

  test('chosen experts give what the equation says, in four dispatches, and weights stay in memory once', async () => {
    const others = await bytesOfDevice();
    const weights = variablesOf(numbers);
    const all = weights.flatMap(({ gate, up, down }) => [gate, up, down].flatMap((layer) => Object.values(layer)));
    const own = 4 * all.reduce((sum, { size }) => sum + size, 0);
    const expected = reference(x, shares, numbers);
    const { values, work } = await mixed(x, shares, weights);
    expect(relativeError(values, expected.data)).toBeLessThan(1e-5);
    expect([work.dispatches, (await bytesOfDevice()) - others]).toEqual([dispatches, own]);
    const again = await mixed(x, shares, weights);
    expect(again.values).toEqual(values);
    expect([again.work.dispatches, again.work.pipelines]).toEqual([dispatches, 0]);
    // The weights of an expert that nobody chose, of one row three, are not read.
    const chosen = new Set(Array.from({ length: rows }, (_, row) => chosenBy(shares, row)).flat());
    for (const [e, { gate, up, down }] of weights.entries()) {
      if (chosen.has(e)) continue;
      for (const { weight } of [gate, up, down]) tf.tidy(() => weight.assign(tf.fill(weight.shape, Number.NaN)));
    }
    expect((await mixed(x, shares, weights)).values).toEqual(values);
    expect((await bytesOfDevice()) - others).toBe(own);
    tf.dispose(all);
    expect(await bytesOfDevice()).toBe(others);
  });
});

test('weights that do not fit into one binding are several stacks; each is read and assigned as before', async () => {
  const numbers = numbersOf(8, 12, false);
  const weights = variablesOf(numbers);
  const [x, shares] = [normal([3, 8], 100), normal([3, count], 101)];
  const { device } = tf.backend() as WebGPUBackend;
  const { limits: own } = device;
  // Two experts in each, and one in the last.
  const limits = new Proxy(own, {
    get: (of, name) => (name === 'maxStorageBufferBindingSize' ? 2 * 4 * 8 * 12 : Reflect.get(of, name)),
  });
  Object.defineProperty(device, 'limits', { value: limits, configurable: true });
  try {
    const first = await mixed(x, shares, weights);
    expect(relativeError(first.values, reference(x, shares, numbers).data)).toBeLessThan(1e-5);
    expect(first.work.dispatches.length).toBe(8);
  } finally {
    Object.defineProperty(device, 'limits', { value: own, configurable: true });
  }
  const read1 = await weights[1]!.up.weight.data();
  expect(relativeError(read1, numbers[1]!.up.weight.data)).toBeLessThan(1e-6);
  // What an optimizer does.
  const doubled = (of: Layer<Nd>): Layer<Nd> => ({ weight: map(of.weight, (value) => 2 * value) });
  const others = numbers.map((of, e) => (e % 2 === 0 ? of : { ...of, down: doubled(of.down) }));
  for (const e of [1, 3]) tf.tidy(() => weights[e]!.down.weight.assign(tf.mul(weights[e]!.down.weight, 2)));
  const { values, work } = await mixed(x, shares, weights);
  expect(relativeError(values, reference(x, shares, others).data)).toBeLessThan(1e-5);
  expect(work.dispatches).toEqual(few);
  for (const { gate, up, down } of weights) tf.dispose([gate.weight, up.weight, down.weight]);
});

test('experts whose weights are read otherwise run on all rows', async () => {
  const scales = Array.from({ length: count }, (_, e) => tf.variable(tf.scalar(e + 1)));
  const [x, shares] = [
    tf.tensor([[1], [2]]),
    tf.tensor([
      [0, 0.5, 0, 0, 0.5],
      [0, 0, 1, 0, 0],
    ]),
  ];
  const result = experts(x, shares, (rows, _, scale: Tensor) => tf.mul(rows, scale), { top, weights: scales });
  expect([...(await read(result))]).toEqual([3.5, 6]);
  tf.dispose([...scales, x, shares, result]);
});
