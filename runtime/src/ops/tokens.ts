import type { Tensor2D } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import { TfmError } from '../errors.js';

/** Token ids of a batch, or of one sequence. */
export type TokenIds = readonly number[] | readonly (readonly number[] | Int32Array)[] | Int32Array;

export interface TokenCheck {
  /** Ids are 0 … vocabulary − 1. */
  readonly vocabulary: number;
  /** The input's name, for messages. */
  readonly name?: string;
}

/**
 * Token ids as an int32 tensor [B, T]; one sequence becomes a batch of one. Checked before anything is uploaded, because
 * an id outside the table would read zeros in silence.
 *
 * @throws TfmError TFM5401 for an id that is not in the vocabulary, TFM5402 for rows of different lengths.
 */
export function tokens(ids: TokenIds, { vocabulary, name = 'tokens' }: TokenCheck): Tensor2D {
  const rows = rowsOf(ids);
  const length = rows[0]?.length ?? 0;
  const flat = new Int32Array(rows.length * length);
  rows.forEach((row, b) => {
    if (row.length !== length)
      throw new TfmError(
        'TFM5402',
        `${name}[${b}] has ${row.length} ids, ${name}[0] has ${length}`,
        'pad the shorter rows to one length and give their lengths',
      );
    for (let t = 0; t < length; t++) {
      checkId(row[t]!, vocabulary, ids === row ? `${name}[${t}]` : `${name}[${b}][${t}]`);
      flat[b * length + t] = row[t]!;
    }
  });
  return tf.tensor2d(flat, [rows.length, length], 'int32');
}

/** @throws TfmError TFM5401 where `id` is not a whole number of 0 … vocabulary − 1. */
export function checkId(id: number, vocabulary: number, place: string): void {
  if (Number.isInteger(id) && id >= 0 && id < vocabulary) return;
  throw new TfmError(
    'TFM5401',
    `${place} is ${id}; the vocabulary has ${vocabulary} entries, so ids are 0 to ${vocabulary - 1}`,
    'was the text encoded with the tokenizer of another model?',
  );
}

function rowsOf(ids: TokenIds): readonly (readonly number[] | Int32Array)[] {
  if (ids instanceof Int32Array) return [ids];
  return ids.every((item) => typeof item === 'number') ? [ids] : ids.filter((item) => typeof item !== 'number');
}
