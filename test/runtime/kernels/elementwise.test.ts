import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { elementsOf, stepsOf } from '../../../runtime/src/formula/steps.js';
import { apply, type Formula, f, read, useBackend } from '../../../runtime/src/index.js';
import { placementOf } from '../../../runtime/src/kernels/elementwise.js';
import { formulaProgram } from '../../../runtime/src/kernels/wasm/formula-program.js';
import { normal } from '../../support/cases/case.js';
import {
  elementwiseErrors,
  elementwiseFormulas,
  elementwiseGradientError,
  hardError,
  randomFormula,
} from '../../support/cases/elementwise-formulas.js';
import { relativeError } from '../../support/compare.js';
import { kernelsOf, tensor } from './wasm/kit.js';

const formulas = Object.entries(elementwiseFormulas);
const x = f.element(0);
const swish = elementwiseFormulas.quick_gelu!;

describe('the list of a formula', () => {
  const operators = (of: Formula) => stepsOf(of)?.steps.map(({ operator }) => operator);

  test('what occurs twice is computed once, numbers before elements are known', () => {
    const half = f.exp(f.multiply(x, f.divide(1, 2)));
    expect(operators(f.multiply(half, f.add(half, 1)))).toEqual(['multiply', 'exp', 'add', 'multiply']);
    expect(operators(f.power(x, 6))).toEqual(['multiply', 'multiply', 'multiply']);
    expect(operators(f.multiply(f.constant(3), 4))).toBeUndefined();
  });

  test('positions and lookups are none of elements', () => {
    expect(operators(f.score(({ q, k }) => f.subtract(q, k)))).toBeUndefined();
    expect(operators(f.add(f.lookup(tf.zeros([2]), [x]), 1))).toBeUndefined();
    expect(elementsOf(stepsOf(f.add(f.element(2), f.multiply(x, f.element(2))))!)).toEqual([0, 2]);
  });

  test('registers are used again once nothing reads them', () => {
    let chain: Formula = x;
    for (let i = 1; i < 30; i++) chain = f.multiply(f.sigmoid(chain), f.add(chain, i));
    expect(formulaProgram(stepsOf(chain)!).registers).toBe(1 + 29 + 2); // the element, numbers, and two between
  });

  test('axes in one piece repeat, others do not', () => {
    expect(placementOf([4, 1], [3, 4, 5])).toEqual({ each: 5, count: 4 });
    expect(placementOf([1, 1], [3, 4, 5])).toEqual({ each: 60, count: 1 });
    expect(placementOf([3, 1, 5], [3, 4, 5])).toBeUndefined();
  });
});

describe.each([
  ['cpu', 1e-6],
  ['wasm', 1e-6],
] as const)('on %s', (backend, tolerance) => {
  beforeAll(async () => {
    await useBackend(backend);
  });

  test.each(formulas)('%s', async (name, of) => {
    const place = formulas.findIndex(([other]) => other === name);
    for (const error of await elementwiseErrors(of, place)) expect(error).toBeLessThan(tolerance);
    if (!name.startsWith('sine')) expect(await hardError(of, { flushes: false })).toBeLessThan(1e-5);
    expect(await elementwiseGradientError(of)).toBeLessThan(1e-5);
  });
});

describe('on wasm', () => {
  beforeAll(async () => {
    await useBackend('wasm');
  });

  test('formulas made by chance', async () => {
    for (let seed = 1; seed <= 40; seed++)
      for (const error of await elementwiseErrors(randomFormula(seed), seed))
        expect(error, `${seed}`).toBeLessThan(1e-5);
  });

  test('a formula is one kernel, unless it needs a function that the kernel has not', async () => {
    const [a, b] = [tf.zeros([2, 3]), tf.zeros([3])];
    for (const [name, of] of formulas) {
      const kernels = await kernelsOf(() => apply(of, a, b));
      if (name.startsWith('sine')) expect(kernels).not.toContain('TfmElementwise');
      else expect(kernels, name).toEqual(['TfmElementwise']);
    }
    expect(await kernelsOf(() => apply(f.add(x, 1), a))).toEqual(['Add']);
    expect(await kernelsOf(() => apply(swish, tf.zeros([2], 'int32')))).not.toContain('TfmElementwise');
  });

  test('gradients are kernels too, those of gradients are composed', async () => {
    const of = elementwiseFormulas['the gate of gpt-oss']!;
    const [a, b] = [tensor(normal([3, 5], 1)), tensor(normal([3, 5], 2))];
    const kernels = await kernelsOf(() => tf.stack(tf.grads((x, y) => apply(of, x!, y!))([a, b])));
    expect(kernels).toContain('TfmElementwise');
    for (const stock of ['Sigmoid', 'Multiply', 'Add']) expect(kernels).not.toContain(stock);
    const flat = f.multiply(f.floor(x), f.round(x));
    expect([...(await read(tf.grad((given) => apply(flat, given))(a)))]).toEqual(Array(15).fill(0));
    const second = () => tf.grad((given) => tf.sum(tf.square(tf.grad((own) => apply(swish, own))(given))))(a);
    const onWasm = Float32Array.from(await read(second()));
    await useBackend('cpu');
    expect(relativeError(onWasm, await read(second()))).toBeLessThan(1e-5);
    await useBackend('wasm');
  });
});
