import type { Tensor } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import { TfmError } from '../errors.js';
import { once } from '../ops/context.js';
import { takeRows } from '../ops/embedding.js';
import { describe } from '../ops/shapes.js';
import { isWatched } from '../replay/tracking.js';
import { f } from './builders.js';
import { type FormulaContext, type FormulaValue, withVectorAxes } from './context.js';
import { type Formula, isStatic } from './formula.js';
import { staticKey, tableTensor } from './static-tensor.js';

/**
 * Elements of a tensor at indices that are formulas, as [b, h, q, k]; with one index fewer than axes, vectors. The
 * gradient goes to the tensor.
 *
 * @param evaluate Values of an index that reads tensors.
 */
export function lookup(
  { tensor, indices, batched }: Formula & { readonly kind: 'lookup' },
  context: FormulaContext,
  evaluate: (indices: Formula) => number | Tensor,
): FormulaValue {
  const indexed = tensor.shape.slice(batched ? 1 : 0);
  const isVector = indices.length === indexed.length - 1;
  if (!isVector && indices.length !== indexed.length)
    throw new TfmError(
      'TFM5406',
      `${indices.length} indices into ${describe(tensor)}${batched ? ', whose first axis is the batch' : ''}`,
    );
  const sizes = indexed.slice(0, indices.length);
  const width = isVector ? indexed.at(-1)! : 1;
  const block = isVector ? undefined : contiguous(tensor, indices, batched, context);
  if (block) return block;
  const ids = flatIds(indices, sizes, batched ? (tensor.shape[0] ?? 1) : 0, context, evaluate);
  const rows = takeRows(tf.reshape(tensor, [tensor.size / width, width]), ids);
  if (!isVector) return tf.reshape(rows, ids.shape);
  const [b = 1, h = 1, q = 1, k = 1] = ids.shape;
  return { vector: withVectorAxes(tf.reshape(rows, [b, h, q * k * width]), [q, k, width], context) };
}

/** `t[q]`, `t[k]`, `t[q, k]`, `t[head, q, k]`, …: a slice, where every position is in the tensor. */
function contiguous(
  tensor: Tensor,
  indices: readonly Formula[],
  batched: boolean,
  { heads, queries, keys, start, groups, batch }: FormulaContext,
): Tensor | undefined {
  if (groups) return undefined;
  if (batched && tensor.shape[0] !== batch) return undefined;
  // In a step that is captured the place of the slice would be fixed.
  const position = isWatched() ? undefined : start.read();
  const first = typeof position === 'number' ? position : undefined;
  const extents = { head: [0, heads], query: [first, queries], key: [0, keys] } as const;
  const order = ['head', 'query', 'key'] as const;
  const begin: number[] = batched ? [0] : [];
  const counts: number[] = batched ? [batch] : [];
  let last = -1;
  for (const index of indices) {
    if (index.kind !== 'axis' || order.indexOf(index.axis) <= last) return undefined;
    last = order.indexOf(index.axis);
    const [from, count] = extents[index.axis];
    if (from === undefined || from + count > (tensor.shape[begin.length] ?? 0)) return undefined;
    begin.push(from);
    counts.push(count);
  }
  const used = new Set(indices.map((index) => (index.kind === 'axis' ? index.axis : '')));
  const shape = [batched ? batch : 1, ...order.map((axis) => (used.has(axis) ? extents[axis][1] : 1))];
  return tf.reshape(tf.slice(tensor, begin, counts), shape);
}

/** Indices into the flattened tensor, int32 [b, h, q, k]; each index held inside its axis. */
function flatIds(
  indices: readonly Formula[],
  sizes: readonly number[],
  batches: number,
  context: FormulaContext,
  evaluate: (indices: Formula) => number | Tensor,
): Tensor {
  let flat: Formula = f.constant(0);
  indices.forEach((index, axis) => {
    flat = f.add(f.multiply(flat, sizes[axis]!), f.clamp(f.round(index), 0, sizes[axis]! - 1));
  });
  const rows = sizes.reduce((product, n) => product * n, 1);
  const ids = isStatic(flat) ? staticIds(flat, context) : dynamicIds(evaluate(flat));
  if (batches <= 1) return ids;
  const offsets = Int32Array.from({ length: batches }, (_, b) => b * rows);
  return tf.add(ids, tf.tensor4d(offsets, [batches, 1, 1, 1], 'int32'));
}

function staticIds(flat: Formula, context: FormulaContext): Tensor {
  return once(context.scope, `ids ${staticKey(flat, context)}`, () =>
    tableTensor(flat, context, 'int32', ({ values }) => Int32Array.from(values)),
  );
}

function dynamicIds(value: number | Tensor): Tensor {
  return tf.cast(typeof value === 'number' ? tf.fill([1, 1, 1, 1], value) : value, 'int32');
}
