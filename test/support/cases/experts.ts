import * as ops from '../../../runtime/src/index.js';
import { build, get, type Nd, nd } from '../reference/array.js';
import { normal, type OperatorCase } from './case.js';

const rows = normal([2, 3, 4], 1);
const shares = normal([2, 3, 5], 2);
const weights = normal([5, 6, 4], 3);

/** Σ share · tanh(W row) over the experts with the largest shares. */
function reference(top: number) {
  return (x: Nd, given: Nd, matrices: Nd): Nd => {
    const [batch = 1, length = 1, count = 1] = given.shape;
    const chosen = (b: number, t: number): number[] => {
      const order = Array.from({ length: count }, (_, e) => e);
      return order.sort((a, e) => get(given, b, t, e) - get(given, b, t, a) || a - e).slice(0, top);
    };
    return build([batch, length, matrices.shape[1]!], (b, t, out) =>
      chosen(b!, t!).reduce((sum, e) => {
        let product = 0;
        for (let i = 0; i < x.shape[2]!; i++) product += get(matrices, e, out!, i) * get(x, b!, t!, i);
        return sum + get(given, b!, t!, e) * Math.tanh(product);
      }, 0),
    );
  };
}

/** Mixtures of linear experts, whose weights are stacked in one input. */
const mixture = (name: string, top: number, inputs: readonly Nd[]): OperatorCase => ({
  name: `experts, ${name}`,
  composed: true,
  inputs,
  run: (x, given, stacked) => {
    const matrices = stacked!.unstack();
    return ops.experts(x!, given!, (some, e) => ops.tanh(ops.linear(some, { weight: matrices[e]! })), { top });
  },
  reference: reference(top),
  gradient: true,
});

export const expertCases: readonly OperatorCase[] = [
  ...[1, 2, 5].map((top) => mixture(`${top} of 5`, top, [rows, shares, weights])),
  mixture('one row', 2, [normal([1, 1, 4], 4), normal([1, 1, 5], 5), weights]),
  mixture('all rows choose the same', 1, [
    rows,
    nd([2, 3, 2], [0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1]),
    normal([2, 6, 4], 6),
  ]),
];
