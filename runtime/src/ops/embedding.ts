import type { NamedTensorMap, Tensor, Tensor2D } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import { runDirectly } from '../kernels/fused.js';
import { ownName } from '../kernels/own-name.js';
import { add, multiply } from './arithmetic.js';
import { size, view } from './shapes.js';
import { type TokenIds, tokens } from './tokens.js';

export interface EmbeddingOptions {
  /** Multiplies every vector: √width in Vaswani et al. 2017, section 3.4. Default 1. */
  readonly scale?: number | undefined;
}

/**
 * Rows of a table by token id: [B, T] → [B, T, width].
 *
 * @param ids An int32 tensor of ids that were checked when it was made, or plain ids, which are checked here.
 * @throws TfmError TFM5401 for a plain id outside the table.
 */
export function embedding(
  ids: Tensor | TokenIds,
  { weight }: { readonly weight: Tensor },
  { scale = 1 }: EmbeddingOptions = {},
): Tensor {
  return tf.tidy(() => {
    const checked = ids instanceof tf.Tensor ? ids : tokens(ids, { vocabulary: size(weight, 0) });
    const rows = takeRows(weight, checked);
    return scale === 1 ? rows : multiply(rows, scale);
  });
}

const takeRowsKernel = 'TfmTakeRows';

/**
 * table [rows, width], ids [..] → [.., width], with a gradient on every backend: tfjs's own for `gather` needs
 * UnsortedSegmentSum, which wasm lacks; ScatterNd adds up repeated ids everywhere.
 */
export function takeRows(table: Tensor, ids: Tensor): Tensor {
  const direct = runDirectly(takeRowsKernel, [table, ids], {}, ids);
  if (direct) return direct[0]!;
  const flat = view(ids.dtype === 'int32' ? ids : tf.cast(ids, 'int32'), [ids.size]);
  // The ids must be saved: a surrounding tidy ends before the gradient is asked for.
  const take = tf.customGrad((rows, save) => {
    const weight = rows as Tensor2D;
    const shape = weight.shape;
    (save as tf.GradSaveFunc)([flat]);
    const gradient = (dy: Tensor, [saved]: Tensor[]): Tensor =>
      tf.tidy(() => tf.scatterND(tf.reshape(saved!, [flat.size, 1]), dy as Tensor2D, shape));
    return { value: rowsOf(weight, flat), gradFunc: gradient };
  });
  return view(take(table), [...ids.shape, size(table, 1)]);
}

/** x [.., T, width] + rows of a table, the same for every entry of the batch where the ids are [T]. */
export function addRows(x: Tensor, table: Tensor, ids: Tensor): Tensor {
  return runDirectly(takeRowsKernel, [table, ids, x], {}, ids)?.[0] ?? add(x, takeRows(table, ids));
}

/** By the kernel of the active backend, where it has one: tfjs's `gather` on wasm is a loop over single numbers. */
function rowsOf(table: Tensor2D, ids: Tensor): Tensor2D {
  const own =
    tf.getKernel(ownName(takeRowsKernel), tf.getBackend()) &&
    table.dtype === 'float32' &&
    table.size > 0 &&
    ids.size > 0;
  if (!own) return tf.gather(table, ids);
  const inputs = [table, ids] as unknown as NamedTensorMap; // tfjs takes lists, its types do not say so
  return tf.engine().runKernel(ownName(takeRowsKernel), inputs, { present: [true, true] }) as Tensor2D;
}
