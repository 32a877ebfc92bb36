import type { Tensor } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import { TfmError } from '../errors.js';

type Tensors = Readonly<Record<string, Tensor>>;

/** The other inputs must be those of the state, whose keys and values are made of them. On a GPU only shapes can tell. */
export function checkConstants(given: Tensors, constants: Tensors): void {
  for (const [name, kept] of Object.entries(constants)) {
    const input = given[name];
    const isSame =
      input?.shape.join() === kept.shape.join() && (tf.getBackend() === 'webgpu' || sameNumbers(input, kept));
    if (isSame) continue;
    const help = 'a state continues one source with other tokens; make a new one for another source';
    throw new TfmError('TFM5307', `${name} is not what the state was made with`, help);
  }
}

function sameNumbers(a: Tensor, b: Tensor): boolean {
  const numbers = b.dataSync();
  return a.dataSync().every((value, i) => value === numbers[i]);
}

/** How many tokens two sequences begin with alike. */
export function commonLength(a: readonly number[], b: readonly number[]): number {
  const differs = a.findIndex((token, i) => token !== b[i]);
  return differs < 0 ? a.length : differs;
}
