import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { formulaKey, isStatic } from '../../../runtime/src/formula/formula.js';
import { evaluateStatic } from '../../../runtime/src/formula/static.js';
import { apply, causal, type Formula, type FormulaLike, f, read, useBackend } from '../../../runtime/src/index.js';
import { relativeError } from '../../support/compare.js';

const axes = { heads: 2, queries: [0, 1, 2, 3], keys: [0, 1, 2, 3, 4] };

function values(of: Formula): number[] {
  return Array.from(evaluateStatic(of, axes).values);
}

describe('formulas of positions', () => {
  test('causal', () => {
    expect(evaluateStatic(causal, axes).shape).toEqual([1, 4, 5]);
    expect(values(causal)).toEqual([1, 0, 0, 0, 0, 1, 1, 0, 0, 0, 1, 1, 1, 0, 0, 1, 1, 1, 1, 0]);
  });

  test('an axis that is not read has size 1', () => {
    const shape = (build: Parameters<typeof f.mask>[0]) => evaluateStatic(f.mask(build), axes).shape;
    expect(shape(({ k }) => f.less(k, 2))).toEqual([1, 1, 5]);
    expect(shape(({ q }) => f.less(q, 2))).toEqual([1, 4, 1]);
    expect(shape(({ head, q, k }) => f.less(f.add(q, k), head))).toEqual([2, 4, 5]);
    expect(shape(() => true)).toEqual([1, 1, 1]);
  });

  test('positions are absolute', () => {
    const late = evaluateStatic(causal, { heads: 1, queries: [7], keys: [6, 7, 8] });
    expect(Array.from(late.values)).toEqual([1, 1, 0]);
  });

  test('`and` leaves out what is always true', () => {
    expect(f.and(f.all, causal)).toBe(causal);
    expect(f.and()).toEqual(f.all);
    expect(values(f.or(false, causal))).toEqual(values(causal));
    expect(values(f.not(causal))).toEqual(values(causal).map((value) => 1 - value));
  });

  test('equal formulas have one key, different ones have others', () => {
    const windowed = (n: number) =>
      f.and(
        causal,
        f.mask(({ q, k }) => f.less(f.subtract(q, k), n)),
      );
    expect(formulaKey(windowed(3))).toBe(formulaKey(windowed(3)));
    expect(formulaKey(windowed(3))).not.toBe(formulaKey(windowed(4)));
    const [a, b] = [tf.zeros([2]), tf.zeros([2])];
    const read = (tensor: tf.Tensor) => f.mask(({ k }) => f.lookup(tensor, [k]));
    expect(formulaKey(read(a))).toBe(formulaKey(read(a)));
    expect(formulaKey(read(a))).not.toBe(formulaKey(read(b)));
    expect([isStatic(causal), isStatic(read(a))]).toEqual([true, false]);
  });

  test('a formula with tensors has no values at positions alone', () => {
    expect(() => values(f.score(({ s }) => s))).toThrow(expect.objectContaining({ code: 'TFM5406' }));
  });
});

/** Every operator, with a number of arguments; the same meaning on numbers and on tensors. */
const operators: readonly [string, number, (...x: FormulaLike[]) => Formula][] = [
  ['add', 2, (a, b) => f.add(a!, b!)],
  ['subtract', 2, (a, b) => f.subtract(a!, b!)],
  ['multiply', 2, (a, b) => f.multiply(a!, b!)],
  ['divide', 2, (a, b) => f.divide(a!, b!)],
  ['modulo', 2, (a, b) => f.modulo(a!, b!)],
  ['power', 2, (a, b) => f.power(f.add(f.abs(a!), 0.5), b!)],
  ['negate', 1, (a) => f.negate(a!)],
  ['equal', 2, (a, b) => f.equal(a!, b!)],
  ['not_equal', 2, (a, b) => f.notEqual(a!, b!)],
  ['less', 2, (a, b) => f.less(a!, b!)],
  ['less_equal', 2, (a, b) => f.lessEqual(a!, b!)],
  ['greater', 2, (a, b) => f.greater(a!, b!)],
  ['greater_equal', 2, (a, b) => f.greaterEqual(a!, b!)],
  ['and, or, not', 2, (a, b) => f.or(f.and(f.less(a!, b!), f.less(0, a!)), f.not(f.less(b!, 2)))],
  ['if', 2, (a, b) => f.if(f.less(a!, b!), a!, f.multiply(2, b!))],
  ['floor', 1, (a) => f.floor(a!)],
  ['ceil', 1, (a) => f.ceil(a!)],
  ['round', 1, (a) => f.round(a!)],
  ['sqrt', 1, (a) => f.sqrt(f.abs(a!))],
  ['exp', 1, (a) => f.exp(a!)],
  ['log', 1, (a) => f.log(f.add(f.abs(a!), 1))],
  ['log2', 1, (a) => f.log2(f.add(f.abs(a!), 1))],
  ['abs', 1, (a) => f.abs(a!)],
  ['sign', 1, (a) => f.sign(a!)],
  ['sin', 1, (a) => f.sin(a!)],
  ['cos', 1, (a) => f.cos(a!)],
  ['tanh', 1, (a) => f.tanh(a!)],
  ['sigmoid', 1, (a) => f.sigmoid(a!)],
  ['relu', 1, (a) => f.relu(a!)],
  ['leaky_relu', 1, (a) => f.leakyRelu(a!)],
  ['leaky_relu with a slope', 1, (a) => f.leakyRelu(a!, 0.3)],
  ['minimum', 2, (a, b) => f.minimum(a!, b!)],
  ['maximum', 2, (a, b) => f.maximum(a!, b!)],
  ['clamp', 2, (a, b) => f.clamp(a!, -1, b!)],
];

describe.each(['cpu', 'wasm'] as const)('on %s, numbers and tensors mean the same', (backend) => {
  beforeAll(async () => {
    await useBackend(backend);
  });

  test.each(operators)('%s', async (_, count, build) => {
    const first = [-3.5, -2.5, -1, -0.25, 0, 0.5, 1.5, 2, 3];
    const second = [2, 3, 1.5, 2.5, 1, 0.5, 4, 2, 3];
    const numbers = first.map((a, i) => values(build(a, second[i]!))[0]!);
    const result = apply(build(f.element(0), f.element(1)), tf.tensor1d(first), tf.tensor1d(second));
    expect(count).toBeGreaterThan(0);
    expect(relativeError(await read(result), numbers)).toBeLessThan(1e-6);
  });
});
