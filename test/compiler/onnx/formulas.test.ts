// Replaces a module, as the others of this process do.
// @vitest-environment-options { "process": "recorders" }
import { Tensor } from 'onnxruntime-node';
import { describe, expect, test, vi } from 'vitest';
import { Builder } from '../../../compiler/src/emit/onnx/builder.js';
import { as, evaluateFormula } from '../../../compiler/src/emit/onnx/formulas/index.js';
import { Ops } from '../../../compiler/src/emit/onnx/ops.js';
import type { Size } from '../../../compiler/src/emit/onnx/sizes.js';
import { evaluateStatic } from '../../../runtime/src/formula/static.js';
import { apply, type Formula, type FormulaLike, f } from '../../../runtime/src/index.js';
import { normal, type OperatorCase } from '../../support/cases/case.js';
import { elementwiseCases } from '../../support/cases/elementwise.js';
import { formulaOperators } from '../../support/cases/formulas.js';
import { relativeError } from '../../support/compare.js';
import { map, nd } from '../../support/reference/array.js';
import { expression } from '../../support/trace.js';
import { session, sourceOf, written } from './kit.js';
import { runTraced } from './traced.js';

vi.mock('../../../runtime/src/index.js', async (original) => ({
  ...(await original<object>()),
  ...(await import('../../support/trace.js')).recorders,
}));

const opsets = [17, 23] as const;
const axes = { heads: 1, queries: [0], keys: [0] };

const first = [-3.5, -2.5, -1, -0.25, 0, 0.5, 1.5, 2, 3, 8];
const second = [2, 3, 1.5, 2.5, 1, 0.5, 4, 2, 3, 8];

describe.each(opsets)('of elements, opset %i', (opset) => {
  test.each(formulaOperators)('%s', async (_, build) => {
    const of: OperatorCase = {
      name: 'apply',
      inputs: [nd([10], first), nd([10], second)],
      run: (a, b) => apply(build(f.element(0), f.element(1)), a!, b!),
      reference: () =>
        nd(
          [10],
          first.map((a, i) => evaluateStatic(build(a, second[i]!), axes).values[0]!),
        ),
    };
    const { values } = await runTraced(of, { opset, symbolic: true });
    expect(relativeError(values, of.reference(...of.inputs).data)).toBeLessThan(1e-6);
  });

  test.each(elementwiseCases.filter(({ name }) => name.startsWith('apply')))('$name', async (of) => {
    const { shape, values } = await runTraced(of, { opset, symbolic: true });
    const expected = of.reference(...of.inputs);
    expect(shape).toEqual(expected.shape);
    expect(relativeError(values, expected.data)).toBeLessThan(of.tolerance ?? 1e-6);
  });

  test('a function that does not read its argument has its shape', async () => {
    const of: OperatorCase = {
      name: 'apply',
      inputs: [normal([2, 3], 1)],
      run: (x) => apply(f.divide(3, 4), x!),
      reference: (x) => map(x!, () => 0.75),
    };
    expect(await runTraced(of, { opset, symbolic: true })).toEqual({ shape: [2, 3], values: Array(6).fill(0.75) });
  });
});

interface Places {
  readonly heads: number;
  readonly start: number;
  readonly queries: number;
  readonly keys: number;
}

const isOpen: Size = { kind: 'dimension', name: 'Q' };

/** A formula of positions in ONNX Runtime, [1, heads, queries, keys]; sizes that the compiler knows, or that inputs bring. */
async function onPositions(formula: Formula, places: Places, opset: number, areKnown: boolean): Promise<number[]> {
  const { heads, start, queries, keys } = places;
  const builder = new Builder(opset);
  const ops = new Ops(builder);
  const rows = builder.input('rows', 'float', [isOpen]);
  const columns = builder.input('columns', 'float', [{ kind: 'dimension', name: 'K' }]);
  const position = builder.input('position', 'int64', []);
  builder.showDimension('Q', rows, 0);
  builder.showDimension('K', columns, 0);
  const sizes = areKnown ? [queries, keys] : [isOpen, columns.shape[0]!];
  const value = evaluateFormula(expression(formula), {
    ops,
    value: () => rows,
    unsupported: (construct) => new Error(construct),
    batch: 1,
    heads,
    queries: sizes[0]!,
    keys: sizes[1]!,
    start: areKnown && start === 0 ? 0 : position,
  });
  // Some formulas read neither: all inputs are there.
  const given = [rows, columns].map((input) => ops.multiply(ops.reduce('ReduceSum', input, [0]), ops.scalar(0)));
  const zero = ops.add(ops.add(given[0]!, given[1]!), ops.multiply(ops.cast(position, 'float'), ops.scalar(0)));
  const complete = ops.add(as(ops, value, 'float'), zero);
  builder.output('result', ops.expand(complete, [1, heads, queries, keys]));
  const model = { opset, graph: builder.graph('Formula'), toolVersion: '0', metadata: {} };
  const files = await written([{ name: 'formula.onnx', model }], sourceOf({}));
  const opened = await session(files.get('formula.onnx')!);
  const { result } = await opened.run({
    rows: new Tensor('float32', new Float32Array(queries), [queries]),
    columns: new Tensor('float32', new Float32Array(keys), [keys]),
    position: new Tensor('int64', BigInt64Array.of(BigInt(start)), []),
  });
  await opened.release();
  return Array.from(result!.data as Float32Array);
}

function expected(formula: Formula, { heads, start, queries, keys }: Places): number[] {
  const { shape, values } = evaluateStatic(formula, {
    heads,
    queries: Array.from({ length: queries }, (_, i) => start + i),
    keys: Array.from({ length: keys }, (_, i) => i),
  });
  const [, q, k] = shape;
  const stride = (size: number, index: number) => (size === 1 ? 0 : index);
  return Array.from({ length: heads * queries * keys }, (_, i) => {
    const [head, query, key] = [Math.floor(i / (queries * keys)), Math.floor(i / keys) % queries, i % keys];
    return values[(stride(shape[0], head) * q + stride(q, query)) * k + stride(k, key)]!;
  });
}

/** T5's buckets of distances: near ones each, far ones by their logarithm. */
const bucket = (distance: FormulaLike): Formula =>
  f.if(
    f.less(distance, 16),
    distance,
    f.minimum(f.add(16, f.floor(f.multiply(f.divide(f.log(f.divide(distance, 16)), Math.log(128 / 16)), 16))), 31),
  );

/** Formulas as masks and scores have them, exact in whole numbers. */
const places: readonly [string, Formula][] = [
  ['causal, in a window', f.mask(({ q, k }) => f.and(f.lessEqual(k, q), f.less(f.subtract(q, k), 3)))],
  ['every third key, from the end', f.mask(({ q, k }) => f.equal(f.modulo(f.subtract(k, q), 3), 0))],
  ['not, or, equal conditions', f.mask(({ q, k }) => f.or(f.not(f.less(k, 4)), f.equal(f.less(q, 3), f.less(k, 2))))],
  ['blocks', f.mask(({ q, k }) => f.equal(f.floor(f.divide(q, 4)), f.floor(f.divide(k, 4))))],
  ['rows and columns of a grid', f.mask(({ q, k }) => f.or(f.equal(f.modulo(q, 3), f.modulo(k, 3)), f.less(k, 2)))],
  ['a choice by head', f.mask(({ q, k, head }) => f.if(f.equal(head, 0), f.less(k, q), f.less(q, k)))],
  ['halves round to even', f.score(({ q, k }) => f.round(f.divide(f.subtract(q, k), 2)))],
  ['whole numbers stay whole', f.score(({ q, k }) => f.round(f.ceil(f.floor(f.maximum(f.negate(q), k)))))],
  ['slopes of heads', f.score(({ q, k, head }) => f.multiply(f.power(2, f.negate(f.add(head, 1))), f.subtract(k, q)))],
  ['logarithms of distances', f.score(({ q, k }) => f.log2(f.maximum(f.subtract(q, k), 1)))],
  ['buckets', f.score(({ q, k }) => bucket(f.maximum(f.subtract(q, k), 0)))],
  ['nothing of it', f.score(() => f.add(1, 2))],
];

const here: readonly Places[] = [
  { heads: 2, start: 0, queries: 7, keys: 7 },
  { heads: 2, start: 5, queries: 3, keys: 8 },
];

describe.each(opsets)('of positions, opset %i', (opset) => {
  test.each(places)('%s', async (_, formula) => {
    for (const at of here)
      for (const areKnown of [true, false])
        expect(await onPositions(formula, at, opset, areKnown)).toEqual(expected(formula, at));
  });

  test.each(formulaOperators)('%s', async (_, build) => {
    const formula = f.score(({ q, k }) => build(f.divide(f.subtract(q, k), 2), f.add(f.modulo(k, 4), 1)));
    const whole = f.score(({ q, k }) => build(f.subtract(q, k), f.add(f.modulo(k, 4), 1)));
    for (const of of [formula, whole])
      for (const at of here) {
        const found = await onPositions(of, at, opset, false);
        expect(relativeError(found, expected(of, at))).toBeLessThan(1e-7);
      }
  });
});

test('buckets of all distances up to 8,192 are those of the generated code', async () => {
  const at = { heads: 1, start: 8192, queries: 1, keys: 8193 };
  for (const divisor of [1, 3, 16]) {
    const formula = f.score(({ q, k }) => bucket(f.divide(f.subtract(q, k), divisor)));
    expect(await onPositions(formula, at, 23, false)).toEqual(expected(formula, at));
  }
});

test('logarithms of powers of two are whole', async () => {
  const at = { heads: 1, start: 0, queries: 1, keys: 63 };
  const formula = f.score(({ k }) => f.floor(f.log2(f.power(2, f.subtract(k, 31)))));
  expect(await onPositions(formula, at, 23, false)).toEqual(Array.from({ length: 63 }, (_, k) => k - 31));
});
