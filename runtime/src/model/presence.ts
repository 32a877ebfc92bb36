import type { Tensor } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import type { OperatorScope } from '../ops/context.js';
import { markRowsSoFar } from '../ops/rows-so-far.js';

/** Which rows of an input are real: what came with it, beside the tensor itself. */
const presences = new WeakMap<Tensor, Tensor>();

export function setPresence(input: Tensor, presence: Tensor): void {
  presences.set(input, presence);
}

export const presenceOf = (input: Tensor): Tensor | undefined => presences.get(input);

/**
 * True where a row of the input holds a real token or value, false where it is padding: bool [B, T]. In a generation,
 * of a growing input, all rows so far, up to the capacity. Without lengths or a mask every row is real.
 */
export function present(input: Tensor, _options?: { readonly grows?: boolean }, _scope?: OperatorScope): Tensor {
  const [batch = 1, length = 1] = input.shape;
  const known = presences.get(input);
  if (!known) return tf.ones([batch, length], 'bool');
  return known.shape[1] === length ? known : markRowsSoFar(known);
}
