import * as tf from '@tensorflow/tfjs';
import { TfmError } from '../errors.js';

/** The numbers of weights by path, in the memory of the host: they outlive a device. */
export type WeightCopies = ReadonlyMap<string, Float32Array>;

/** What has weights: a model of a generated class. */
interface HasWeights {
  readonly weights: object;
}

/** The numbers of all weights of a model, trained or not. Call it before a device may be lost; it reads everything back once. */
export async function copyWeights(model: HasWeights): Promise<WeightCopies> {
  const copies = new Map<string, Float32Array>();
  for (const [path, variable] of variables(model.weights)) copies.set(path, Float32Array.from(await variable.data()));
  return copies;
}

/**
 * Puts copies back into a model, on the backend that is active now: after a lost device (TFM5503) and a new
 * `useBackend('webgpu')` the same model goes on. States of generations are lost with the device.
 *
 * @throws TfmError TFM5309 where the copies are those of another model.
 */
export function restoreWeights(model: HasWeights, copies: WeightCopies): void {
  for (const [path, variable] of variables(model.weights)) {
    const numbers = copies.get(path);
    if (numbers?.length !== variable.size)
      throw new TfmError(
        'TFM5309',
        `the copies have no weight '${path}' of [${variable.shape.join(', ')}]`,
        'restore the copies of the same model in the same configuration',
      );
    tf.tidy(() => variable.assign(tf.tensor(numbers, variable.shape)));
  }
}

function* variables(tree: object, path = ''): Generator<[path: string, variable: tf.Variable]> {
  for (const [label, child] of Object.entries(tree)) {
    const at = Array.isArray(tree) ? `${path}[${label}]` : path === '' ? label : `${path}.${label}`;
    if (child instanceof tf.Variable) yield [at, child];
    else yield* variables(child as object, at);
  }
}
