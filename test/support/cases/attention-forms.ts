import { attend, f } from '../../../runtime/src/index.js';
import { get, type Nd, nd } from '../reference/array.js';
import { attention } from '../reference/attention.js';
import { normal, type OperatorCase } from './case.js';

const view = (x: Nd, shape: number[]): Nd => nd(shape, x.data);

/** Without heads, without a sequence, without queries. */
export const attentionForms: readonly OperatorCase[] = [
  {
    name: 'attend: one head, no head axis',
    inputs: [normal([2, 3, 4], 1), normal([2, 5, 4], 2), normal([2, 5, 3], 3)],
    run: (q, k, v) => attend(q!, k!, v!),
    reference: (q, k, v) =>
      view(attention(view(q!, [2, 3, 1, 4]), view(k!, [2, 5, 1, 4]), view(v!, [2, 5, 1, 3])), [2, 3, 3]),
    gradient: true,
  },
  {
    name: 'attend: one row of queries, no head axis (additive, in scan)',
    inputs: [normal([2, 4], 1), normal([2, 5, 4], 2), normal([2, 5, 3], 3), normal([4], 4)],
    run: (q, k, v, w) =>
      attend(q!, k!, v!, { score: f.score(({ query, key }) => f.dot(f.lookup(w!, []), f.tanh(f.add(query, key)))) }),
    reference: (q, k, v, w) =>
      view(
        attention(view(q!, [2, 1, 1, 4]), view(k!, [2, 5, 1, 4]), view(v!, [2, 5, 1, 3]), {
          score: (_, { query, key }) =>
            Array.from(query).reduce((sum, a, i) => sum + get(w!, i) * Math.tanh(a + key[i]!), 0),
        }),
        [2, 3],
      ),
    gradient: true,
  },
  {
    name: 'attend: one row of queries with heads',
    inputs: [normal([2, 4, 3], 1), normal([2, 5, 2, 3], 2), normal([2, 5, 2, 3], 3)],
    run: (q, k, v) => attend(q!, k!, v!),
    reference: (q, k, v) => view(attention(view(q!, [2, 1, 4, 3]), k!, v!), [2, 4, 3]),
    gradient: true,
  },
  {
    name: 'attend: neither queries nor keys, scores from tables (graph attention)',
    inputs: [
      normal([2, 4, 3, 5], 1),
      normal([2, 4, 3], 2),
      normal([2, 4, 3], 3),
      nd([4, 4], [1, 1, 0, 0, 1, 1, 1, 0, 0, 1, 1, 1, 0, 0, 0, 0]),
    ],
    dtypes: { 3: 'bool' },
    run: (v, source, target, edges) =>
      attend(null, null, v!, {
        score: f.score(({ s, q, k, head }) =>
          f.add(
            s,
            f.leakyRelu(
              f.add(f.lookup(source!, [q, head], { batched: true }), f.lookup(target!, [k, head], { batched: true })),
              0.2,
            ),
          ),
        ),
        mask: f.mask(({ q, k }) => f.lookup(edges!, [q, k])),
      }),
    reference: (v, source, target, edges) =>
      attention(null, null, v!, {
        score: (s, { batch, head, q, k }) => {
          const sum = get(source!, batch, q, head) + get(target!, batch, k, head);
          return s + (sum > 0 ? sum : 0.2 * sum);
        },
        mask: ({ q, k }) => get(edges!, q, k) === 1,
      }),
    gradient: true,
  },
];
