import type { Tensor } from '@tensorflow/tfjs';
import { TfmError } from '../errors.js';
import { checked, takeError } from './gpu-errors.js';
import { activeDevice } from './webgpu.js';

/** The numbers of a tensor: float32, int32, or 0 and 1 of a bool. */
export type TensorData = Float32Array | Int32Array | Uint8Array;

/**
 * The numbers of a tensor. Always this and never `dataSync`, which throws or gives zeros on WebGPU.
 *
 * @throws TfmError TFM5401 where a model was given a tensor with token ids outside its vocabulary, TFM5502 where the GPU reported an error since the last read, TFM5503 where it was lost.
 */
export async function read(tensor: Tensor): Promise<TensorData> {
  return guardedRead(() => tensor.data());
}

/** What is read back from the device; errors as those of `read`. */
export async function guardedRead<T>(readBack: () => Promise<T>): Promise<T> {
  const device = activeDevice();
  if (device) await checked(device);
  const before = device && takeError(device);
  if (before) throw before;
  const data = await readBack().catch((cause: unknown) => {
    const error = device && takeError(device);
    throw error ?? new TfmError('TFM5502', 'a tensor could not be read back', undefined, { cause });
  });
  const after = device && takeError(device);
  if (after) throw after;
  return data;
}
