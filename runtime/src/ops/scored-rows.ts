import type { Tensor } from '@tensorflow/tfjs';
import { ofRows } from '../lazy/operators.js';
import { stepTensor } from '../replay/tracking.js';
import type { OperatorScope } from './context.js';
import { takeRows } from './embedding.js';
import { view } from './shapes.js';

/**
 * The rows of x [B, T, ..] whose scores the pass wants: all of them, or in the prefill of a generation one of each sequence,
 * [B, 1, ..]. Everything behind it treats each row for itself.
 */
export function scoredRows(x: Tensor, scope: OperatorScope): Tensor {
  const { scored } = scope;
  return scored ? rowsFromEnd(x, scored) : x;
}

/**
 * One row of each sequence, with so many rows behind it; the last where a sequence has no number: [B, T, ..] → [B, 1, ..]. By
 * the kernel of embeddings: tfjs's `slice` on wasm hands all of x through JavaScript.
 */
export function rowsFromEnd(x: Tensor, behind: readonly number[]): Tensor {
  const [batch = 1, length = 1, ...rest] = x.shape;
  if (length === 1) return x;
  const ids = Int32Array.from({ length: batch }, (_, b) => (b + 1) * length - 1 - (behind[b] ?? 0));
  const places = stepTensor({ make: () => ids, shape: [batch], dtype: 'int32' });
  return ofRows(x, (all) => {
    const features = rest.reduce((product, n) => product * n, 1);
    return view(takeRows(view(all, [batch * length, features]), places), [batch, 1, ...rest]);
  });
}
