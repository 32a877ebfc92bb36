import type { Tensor } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import type { RowsToWrite } from '../cache.js';
import { copyRows } from '../copy-rows.js';
import type { CpuBackend } from './backend.js';

export function writeRowsCpu(all: readonly RowsToWrite[], starts: () => readonly number[]): void {
  const { data } = tf.backend() as unknown as CpuBackend;
  const numbers = (tensor: Tensor) => data.get(tensor.dataId).values;
  for (const { cache, rows } of all) copyRows(numbers(cache.tensor), numbers(rows), cache.shape, starts());
}
