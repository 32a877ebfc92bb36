import type { Tensor } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import type { RowsToWrite } from '../cache.js';
import { copyRows } from '../copy-rows.js';

/** The part of tfjs's CPU backend that is used here: where the numbers of a tensor are. */
interface CpuBackend {
  readonly data: { get(dataId: object): { readonly values: Float32Array } };
}

export function writeRowsCpu(all: readonly RowsToWrite[], starts: readonly number[]): void {
  const { data } = tf.backend() as unknown as CpuBackend;
  const numbers = (tensor: Tensor) => data.get(tensor.dataId).values;
  for (const { cache, rows } of all) copyRows(numbers(cache.tensor), numbers(rows), cache.shape, starts);
}
