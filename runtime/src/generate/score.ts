import type { Tensor } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import { read } from '../device/read.js';
import { TfmError } from '../errors.js';
import { declaration } from '../model/inputs.js';
import type { Decoder } from './decoder.js';
import { promptSize } from './prompt.js';

export interface ScoreOptions {
  /** Tokens at the beginning that are read but not scored, such as a question; for all sequences or for each. Default 0. */
  readonly from?: number | readonly number[];
}

export interface Score {
  /**
   * log p(token | all before it) for each scored token of each sequence. Where the first token has nothing before it, none is
   * given for it.
   */
  readonly logProbabilities: readonly (readonly number[])[];
  /** exp of the mean of −log p over all scored tokens. */
  readonly perplexity: number;
}

/** Rows that pass at once: their scores over the vocabulary must fit into memory. */
const ROWS = 128;

/** How likely the model finds given text. Behind `score`. */
export async function scoreTokens(decoder: Decoder, inputs: object, { from = 0 }: ScoreOptions): Promise<Score> {
  const { growing, generation } = decoder.model;
  const { lengths } = promptSize(inputs, growing);
  const first = generation.scores === 'self' ? 0 : 1;
  const begins = lengths.map((_, b) => Math.max(first, typeof from === 'number' ? from : (from[b] ?? 0)));
  if (typeof from === 'object' && from.length !== lengths.length) {
    throw new TfmError('TFM5307', `from has ${from.length} numbers for ${lengths.length} sequences`);
  }
  const short = lengths.findIndex((length, b) => length <= begins[b]!);
  if (short >= 0) {
    const message = `sequence ${short} of ${growing.name} has ${lengths[short]} tokens, none of them to score`;
    throw new TfmError('TFM5303', message, 'a token is scored by what stands before it: give at least two');
  }
  const scored = logProbabilities(decoder, inputs);
  const values = Array.from(await read(scored).finally(() => scored.dispose()));
  const rows = values.length / lengths.length;
  const all = lengths.map((length, b) => values.slice(b * rows + begins[b]! - first, b * rows + length - first));
  const flat = all.flat();
  const mean = flat.reduce((sum, value) => sum + value, 0) / flat.length;
  return { logProbabilities: all, perplexity: Math.exp(-mean) };
}

/** [B, T − 1], or [B, T] where row j scores token j. */
function logProbabilities(decoder: Decoder, inputs: object): Tensor {
  const { growing, generation } = decoder.model;
  return tf.tidy(() => {
    const { tensors, prompt } = decoder.read(inputs);
    if (!prompt) throw new TfmError('TFM5303', `${declaration(growing)} was given no tokens`);
    const [batch = 1, length = 1] = prompt.shape;
    const state = decoder.newState(tensors, prompt, { capacity: length });
    try {
      state.length = length;
      const self = generation.scores === 'self';
      let from = 0;
      const found = decoder.pieces(prompt, ROWS).flatMap((piece) => {
        const [, count = 1] = piece.shape;
        const begin = from;
        from += count;
        return tf.tidy(() => {
          const scores = decoder.pass(piece, state);
          state.position = from;
          const first = self && begin === 0 ? 0 : begin + 1;
          const targets = Math.min(from + 1, length) - first;
          return targets === 0 ? [] : [ofTokens(scores, tf.slice(prompt, [0, first], [batch, targets]))];
        });
      });
      return tf.concat(found, 1);
    } finally {
      state.dispose();
    }
  });
}

/** log softmax(scores)[token] for scores [B, ≥ T, vocab] and tokens [B, T], by their first rows: [B, T]. */
function ofTokens(scores: Tensor, tokens: Tensor): Tensor {
  const [batch = 1, rows = 1] = tokens.shape;
  const vocab = scores.shape[2] ?? 1;
  const flat = tf.reshape(tf.slice(scores, [0, 0, 0], [batch, rows, vocab]), [batch * rows, vocab]);
  const begins = tf.range(0, batch * rows, 1, 'int32').mul(tf.scalar(vocab, 'int32'));
  const places = tf.add(begins, tf.reshape(tokens, [batch * rows]));
  const chosen = tf.gather(tf.reshape(flat, [-1]), tf.cast(places, 'int32'));
  return tf.reshape(tf.sub(chosen, tf.logSumExp(flat, 1)), [batch, rows]);
}
