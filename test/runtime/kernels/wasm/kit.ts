import type { Tensor } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import type { Nd } from '../../../support/reference/array.js';

/** On the active backend. */
export function tensor({ shape, data }: Nd): Tensor {
  return tf.tensor(Float32Array.from(data), [...shape]);
}

/** The kernels that a computation ran, by name; everything it made is given back. */
export async function kernelsOf(run: () => Tensor): Promise<string[]> {
  const { kernelNames } = await tf.profile(() => tf.tidy(run));
  return kernelNames;
}

/** Leaves NaN in the memory that the next tensors of this size get. */
export function poison(size: number, tensors = 4): void {
  tf.dispose(Array.from({ length: tensors }, () => tf.fill([Math.max(size, 1)], Number.NaN)));
}

/** tfjs's heap, as far as tests look at it. */
export interface Heap {
  readonly wasm: { readonly asm: { readonly memory: WebAssembly.Memory } };
  readonly dataIdMap: { get(dataId: object): { readonly memoryOffset: number } };
}

export function heap(): Heap {
  return tf.backend() as unknown as Heap;
}
