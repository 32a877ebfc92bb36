import type { Tensor } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import { TfmError } from '../errors.js';
import type { InputDefinition } from '../model/definition.js';
import type { LabelInput } from '../model/input-types.js';
import { flatten } from '../model/numbers.js';
import { presenceOf } from '../model/presence.js';

/** What an output is compared with. */
export interface LossTarget {
  /** Class ids, or real values where the loss compares values. */
  readonly values: Tensor;
  /** True where it counts: real tokens, not padding. Absent: everywhere. */
  readonly counts?: Tensor;
}

/**
 * The tokens of an input, or the labels given. Padding does not count: what the presence given with the input says,
 * or, without one, tokens that are the input's `pad`.
 */
export function lossTarget(
  against: string | LabelInput,
  inputs: Readonly<Record<string, Tensor>>,
  definitions: readonly InputDefinition[],
  scores: Tensor,
): LossTarget {
  if (typeof against !== 'string') return { values: labels(against, scores) };
  const values = inputs[against];
  if (!values) throw new TfmError('TFM5304', `the loss needs the input '${against}'`);
  const presence = presenceOf(values);
  if (presence) return { values, counts: presence };
  const pad = definitions.find(({ name }) => name === against)?.pad;
  return pad === undefined ? { values } : { values, counts: tf.notEqual(values, tf.scalar(pad, 'int32')) };
}

function labels(given: LabelInput, scores: Tensor): Tensor {
  if (given instanceof tf.Tensor) return given;
  const flat = flatten(given, 'float', undefined, undefined);
  if ('problem' in flat) throw new TfmError('TFM5303', `the labels were given as a list where ${flat.problem}`);
  const whole = flat.data.length === scores.size ? scores.shape : scores.shape.slice(0, -1);
  const size = whole.reduce((product, n) => product * n, 1);
  if (size !== flat.data.length) {
    throw new TfmError(
      'TFM5303',
      `${flat.data.length} labels were given for scores of shape [${scores.shape.join(', ')}]`,
    );
  }
  return tf.tensor(flat.data, [...whole]);
}
