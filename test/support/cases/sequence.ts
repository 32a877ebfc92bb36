import * as ops from '../../../runtime/src/index.js';
import { build, get, map, mapRows, nd } from '../reference/array.js';
import * as positions from '../reference/positions.js';
import { normal, type OperatorCase } from './case.js';
import { scopeAt } from './scope.js';

const x = normal([2, 3, 8], 1);
const heads = normal([2, 3, 2, 8], 2);

export const sequenceCases: readonly OperatorCase[] = [
  ...(['interleaved', 'halves'] as const).flatMap((layout) =>
    [8, 7].map(
      (width): OperatorCase => ({
        name: `sinusoidal_positions ${layout}, width ${width}`,
        inputs: [normal([2, 5, width], 1)],
        run: (input) => ops.sinusoidalPositions(input!, { layout }),
        reference: (input) => positions.sinusoidal(input!, { layout }),
        gradient: true,
      }),
    ),
  ),
  {
    name: 'sinusoidal_positions that grow, base 500, 1,000 positions on',
    inputs: [x],
    run: (input) => ops.sinusoidalPositions(input!, { base: 500, grows: true }, scopeAt(1000)),
    reference: (input) => positions.sinusoidal(input!, { base: 500, start: 1000 }),
  },
  {
    name: 'learned_positions with an offset',
    inputs: [x, normal([9, 8], 3)],
    run: (input, weight) => ops.learnedPositions(input!, { weight: weight! }, { offset: 2 }),
    reference: (input, weight) => build([2, 3, 8], (b, t, i) => get(input!, b!, t!, i!) + get(weight!, t! + 2, i!)),
    gradient: true,
  },
  {
    name: 'learned_positions that grow, each row of the batch at its own position',
    inputs: [x, normal([9, 8], 3)],
    run: (input, weight) => ops.learnedPositions(input!, { weight: weight! }, { grows: true }, scopeAt([1, 6])),
    reference: (input, weight) =>
      build([2, 3, 8], (b, t, i) => get(input!, b!, t!, i!) + get(weight!, t! + [1, 6][b!]!, i!)),
  },
  ...[0, 4].map(
    (start): OperatorCase => ({
      name: `axial_positions from position ${start}`,
      inputs: [normal([2, 5, 4], 1), normal([3, 4], 2), normal([4, 4], 3)],
      run: (input, rows, columns) =>
        ops.axialPositions(input!, { rows: rows!, columns: columns! }, { grows: true }, scopeAt(start)),
      reference: (input, rows, columns) => positions.axial(input!, rows!, columns!, start),
      gradient: true,
    }),
  ),
  ...(['halves', 'interleaved'] as const).flatMap((pairs) =>
    [1, 0.5, 0.25].map(
      (share): OperatorCase => ({
        name: `rotary ${pairs}, share ${share}`,
        inputs: [heads],
        run: (input) => ops.rotary(input!, { pairs, share }),
        reference: (input) => positions.rotary(input!, { pairs, share }),
        gradient: true,
      }),
    ),
  ),
  {
    name: 'rotary that grows, with its own frequencies',
    inputs: [heads],
    run: (input) =>
      ops.rotary(input!, { theta: 500_000, frequency: (f) => (f < 0.1 ? f / 8 : f), grows: true }, scopeAt(77)),
    reference: (input) =>
      positions.rotary(input!, { theta: 500_000, frequency: (f) => (f < 0.1 ? f / 8 : f), start: 77 }),
  },
  {
    name: 'split_heads and join_heads',
    composed: true,
    inputs: [x],
    run: (input) => ops.joinHeads(ops.multiply(ops.splitHeads(input!, { heads: 4 }), 2)),
    reference: (input) => map(input!, (value) => value * 2),
    gradient: true,
  },
  {
    name: 'patches',
    inputs: [normal([2, 4, 6, 3], 1)],
    run: (image) => ops.patches(image!, { size: 2 }),
    reference: (image) =>
      build([2, 6, 12], (b, p, i) =>
        get(image!, b!, Math.floor(p! / 3) * 2 + Math.floor(i! / 6), (p! % 3) * 2 + (Math.floor(i! / 3) % 2), i! % 3),
      ),
    gradient: true,
  },
  ...(
    [
      [4, 5],
      [2, 3],
      [5, 2],
      [3, 6],
    ] as const
  ).map(
    ([rows, columns]): OperatorCase => ({
      name: `crop_or_pad to ${rows} × ${columns}`,
      // The same numbers again are no operator of ONNX.
      composed: true,
      inputs: [normal([2, 3, 4, 3], 1)],
      run: (image) => ops.multiply(ops.cropOrPad(image!, { rows, columns }), 2),
      reference: (image) =>
        build([2, rows, columns, 3], (b, y, x, c) => (y! < 3 && x! < 4 ? 2 * get(image!, b!, y!, x!, c!) : 0)),
      gradient: true,
    }),
  ),
  ...(
    [
      [3, 1, 1],
      [3, 2, 1],
      [2, 3, 0],
      [1, 2, 0],
    ] as const
  ).map(
    ([size, stride, pad]): OperatorCase => ({
      name: `windows of ${size}, stride ${stride}, pad ${pad}`,
      inputs: [normal([2, 7, 4], 1)],
      run: (input) => ops.windows(input!, { size, stride, pad }),
      reference: (input) =>
        build([2, Math.floor((7 + 2 * pad - size) / stride) + 1, size * 4], (b, t, i) => {
          const row = t! * stride + Math.floor(i! / 4) - pad;
          return row < 0 || row > 6 ? 0 : get(input!, b!, row, i! % 4);
        }),
      gradient: true,
    }),
  ),
  {
    name: 'prepend',
    inputs: [x, normal([2, 8], 5)],
    run: (input, w) => ops.prepend(input!, w!),
    reference: (input, w) => build([2, 5, 8], (b, t, i) => (t! < 2 ? get(w!, t!, i!) : get(input!, b!, t! - 2, i!))),
    gradient: true,
  },
  ...[0, 2, -1].map(
    (index): OperatorCase => ({
      name: `at ${index}`,
      inputs: [x],
      run: (input) => ops.at(input!, { index }),
      reference: (input) => build([2, 8], (b, i) => get(input!, b!, (index + 3) % 3, i!)),
      gradient: true,
    }),
  ),
  {
    name: 'head, tail, concat along the sequence',
    composed: true,
    inputs: [x],
    run: (input) => ops.concat(ops.tail(input!, { from: 1 }), ops.head(input!, { count: 1 }), { axis: 'sequence' }),
    reference: (input) => build([2, 3, 8], (b, t, i) => get(input!, b!, (t! + 1) % 3, i!)),
    gradient: true,
  },
  {
    name: 'split and concat of features',
    composed: true,
    inputs: [x],
    run: (input) => {
      const [a, b, c] = ops.split(input!, { sizes: [1, 4, 3] });
      return ops.concat(c!, a!, b!);
    },
    reference: (input) => build([2, 3, 8], (b, t, i) => get(input!, b!, t!, (i! + 5) % 8)),
    gradient: true,
  },
  {
    name: 'concat of features stretches the axis of heads',
    inputs: [heads, normal([2, 3, 1, 3], 7)],
    run: (a, b) => ops.concat(a!, b!),
    reference: (a, b) =>
      build([2, 3, 2, 11], (i, t, h, f) => (f! < 8 ? get(a!, i!, t!, h!, f!) : get(b!, i!, t!, 0, f! - 8))),
    gradient: true,
  },
  {
    name: 'mean and sum keep their axis',
    composed: true,
    inputs: [x],
    run: (input) => ops.multiply(ops.sum(input!, { keep: true }), ops.mean(input!, { axis: 'sequence', keep: true })),
    reference: (input) => {
      const total = (of: number, term: (i: number) => number) => Array.from({ length: of }, (_, i) => term(i));
      const sum = (terms: readonly number[]) => terms.reduce((a, b) => a + b, 0);
      return build([2, 3, 8], (b, t, i) => {
        const features = sum(total(8, (j) => get(input!, b!, t!, j)));
        return (features * sum(total(3, (j) => get(input!, b!, j, i!)))) / 3;
      });
    },
    gradient: true,
  },
  {
    name: 'top_values',
    inputs: [x],
    run: (input) => ops.topValues(input!, { count: 3 }),
    reference: (input) => mapRows(input!, 3, (row) => [...row].sort((a, b) => b - a).slice(0, 3)),
    gradient: true,
  },
  {
    name: 'in_top, the first of equal ones',
    inputs: [nd([3, 4], [1, 7, 7, 0, -3, -2, -9, -2, 5, 5, 5, 5])],
    run: (input) => ops.inTop(input!, { count: 2 }),
    reference: () => nd([3, 4], [0, 1, 1, 0, 0, 1, 0, 1, 1, 1, 0, 0]),
  },
  {
    name: 'in_top of one feature',
    inputs: [normal([2, 3, 1], 4)],
    run: (input) => ops.inTop(input!, { count: 1 }),
    reference: () => nd([2, 3, 1], [1, 1, 1, 1, 1, 1]),
  },
  {
    name: 'what is learned through the largest',
    composed: true,
    inputs: [x],
    run: (input) => ops.where(ops.inTop(input!, { count: 3 }), input!, 0),
    reference: (input) =>
      mapRows(input!, 8, (row) => {
        const least = [...row].sort((a, b) => b - a)[2]!;
        return row.map((value) => (value >= least ? value : 0));
      }),
    gradient: true,
  },
  {
    name: 'mean of features and of the sequence',
    composed: true,
    inputs: [x],
    run: (input) => ops.concat(ops.mean(input!), ops.mean(input!, { axis: 'sequence' })),
    reference: (input) =>
      build([2, 11], (b, i) => {
        let sum = 0;
        for (let j = 0; j < (i! < 3 ? 8 : 3); j++) sum += i! < 3 ? get(input!, b!, i!, j) : get(input!, b!, j, i! - 3);
        return sum / (i! < 3 ? 8 : 3);
      }),
    gradient: true,
  },
  {
    name: 'sum of features',
    inputs: [x],
    run: (input) => ops.sum(input!),
    reference: (input) =>
      build([2, 3], (b, t) => {
        let sum = 0;
        for (let i = 0; i < 8; i++) sum += get(input!, b!, t!, i);
        return sum;
      }),
    gradient: true,
  },
  {
    name: 'argmax, the first of equal ones',
    inputs: [nd([2, 4], [1, 7, 7, 0, -3, -2, -9, -2])],
    run: (input) => ops.argmax(input!),
    reference: () => nd([2], [1, 1]),
  },
  {
    name: 'running_sum',
    inputs: [x],
    run: (input) => ops.runningSum(input!),
    reference: (input) =>
      build([2, 3, 8], (b, t, i) => {
        let sum = 0;
        for (let row = 0; row <= t!; row++) sum += get(input!, b!, row, i!);
        return sum;
      }),
    gradient: true,
  },
  {
    name: 'running_sum of conditions from 5 on',
    inputs: [nd([2, 4], [1, 1, 0, 1, 0, 1, 1, 0])],
    dtypes: { 0: 'bool' },
    run: (input) => ops.runningSum(input!, { start: 5 }),
    reference: () => nd([2, 4], [6, 7, 7, 8, 5, 6, 7, 7]),
  },
  {
    name: 'gather of a row for each of the batch',
    inputs: [x, nd([2], [2, 0])],
    dtypes: { 1: 'int32' },
    run: (input, indices) => ops.gather(input!, indices!),
    reference: (input, indices) => build([2, 8], (b, i) => get(input!, b!, get(indices!, b!), i!)),
    gradient: true,
  },
  {
    name: 'gather from sequences of one row',
    inputs: [normal([2, 1, 8], 3), nd([2], [0, 0])],
    dtypes: { 1: 'int32' },
    run: (input, indices) => ops.gather(input!, indices!),
    reference: (input) => build([2, 8], (b, i) => get(input!, b!, 0, i!)),
    gradient: true,
  },
  {
    name: 'transpose and reshape',
    composed: true,
    inputs: [heads],
    run: (input) => ops.reshape(ops.transpose(input!), { shape: [2, 48] }),
    reference: (input) =>
      build([2, 48], (b, i) => get(input!, b!, Math.floor(i! / 16), i! % 2, Math.floor(i! / 2) % 8)),
    gradient: true,
  },
  {
    name: 'predict behind a prefix of 2 rows',
    inputs: [x],
    run: (input) => ops.predict(input!, { prefix: 2 }),
    reference: (input) => build([2, 2, 8], (b, t, i) => get(input!, b!, t! + 1, i!)),
    gradient: true,
  },
  {
    name: 'scan: a running sum of products',
    composed: true,
    inputs: [x, normal([2, 8], 4)],
    run: (input, initial) =>
      ops.scan([initial!], [input!], ([state], [row]) => {
        const next = ops.add(ops.multiply(state!, 0.5), row!);
        return { next: [next], emit: ops.multiply(next, row!) };
      }).emitted,
    reference: (input, initial) =>
      build([2, 3, 8], (b, t, i) => {
        let state = get(initial!, b!, i!);
        for (let j = 0; j <= t!; j++) state = state * 0.5 + get(input!, b!, j, i!);
        return state * get(input!, b!, t!, i!);
      }),
    gradient: true,
  },
];
