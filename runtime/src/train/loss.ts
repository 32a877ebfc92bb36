import type { Scalar, Tensor } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import { TfmError } from '../errors.js';
import type { CrossEntropyAttributes } from '../kernels/attributes.js';
import { type FusedOperator, runFused } from '../kernels/fused.js';
import { runKernels } from '../kernels/projection.js';
import { size } from '../ops/shapes.js';
import type { LossTarget } from './target.js';

export interface CrossEntropyOptions {
  /** ε: the target is 1 − ε on the right class and ε spread over all (Szegedy et al. 2016, section 7). Default 0. */
  readonly labelSmoothing?: number;
  /** Row j of the scores is for token j + 1. Default false. */
  readonly shifted?: boolean;
}

/**
 * Mean of −log p(target) over what counts, in nats. scores [.., T, V]; targets are class ids [.., T].
 * Differentiable on every backend. Zero where nothing counts.
 */
export function crossEntropy(scores: Tensor, target: LossTarget, options: CrossEntropyOptions = {}): Scalar {
  const { labelSmoothing = 0, shifted = false } = options;
  return tf.tidy(() => {
    const [rows, ids, counts] = aligned(scores, target, shifted);
    const classes = rows.shape.at(-1) ?? 1;
    const flatIds = tf.clipByValue(tf.cast(tf.reshape(ids, [-1]), 'float32'), 0, classes - 1);
    const losses = runFused(lossOperator, [tf.reshape(rows, [-1, classes]), flatIds], { labelSmoothing });
    if (!counts) return tf.mean(losses) as Scalar;
    const weights = tf.cast(tf.reshape(counts, [-1]), 'float32');
    return tf.div(tf.sum(tf.mul(losses, weights)), tf.maximum(tf.sum(weights), 1)) as Scalar;
  });
}

/** [scores [n, classes], class numbers as float32 [n]] → −log p of each row's class [n], with ε of the target spread over all. */
const lossOperator: FusedOperator<CrossEntropyAttributes> = {
  kernel: 'TfmCrossEntropy',
  constants: [1],
  composition: ([scores, ids], { labelSmoothing }) => {
    const logProbabilities = tf.logSoftmax(scores!);
    const hits = tf.oneHot(tf.cast(ids!, 'int32'), size(scores!, -1)).toFloat();
    const right = tf.neg(tf.sum(tf.mul(logProbabilities, hits), -1));
    const spread = labelSmoothing === 0 ? right : tf.neg(tf.mean(logProbabilities, -1));
    return tf.add(tf.mul(right, 1 - labelSmoothing), tf.mul(spread, labelSmoothing));
  },
  gradient: (dy, [scores, ids], { labelSmoothing }) => [
    () => runKernels('TfmCrossEntropyGradient', [scores, ids, dy], { labelSmoothing })[0]!,
    () => tf.zerosLike(ids!),
  ],
};

/** Mean of the squared differences over what counts. */
export function meanSquaredError(values: Tensor, target: LossTarget): Scalar {
  return tf.tidy(() => {
    const squares = tf.square(tf.sub(values, tf.reshape(tf.cast(target.values, 'float32'), values.shape)));
    return tf.mean(squares) as Scalar;
  });
}

/** Scores and targets of the same rows: moved by one, or without the score of the token that is not there yet. */
function aligned(
  scores: Tensor,
  { values, counts }: LossTarget,
  shifted: boolean,
): [Tensor, Tensor, Tensor | undefined] {
  if (values.rank !== scores.rank - 1) {
    throw new TfmError('TFM5303', `targets [${values.shape.join(', ')}] for scores [${scores.shape.join(', ')}]`);
  }
  if (values.rank < 2) return [scores, values, counts];
  const [length = 1, tokens = 1] = [scores.shape.at(-2), values.shape.at(-1)];
  if (shifted && tokens < 2) {
    throw new TfmError(
      'TFM5303',
      'a sequence of one token has no next token to compare with',
      'give two tokens or more',
    );
  }
  const from = shifted ? 1 : 0;
  const kept = tokens - from;
  const rows = length === kept ? scores : sliceAxis(scores, scores.rank - 2, 0, kept);
  const cut = (x: Tensor): Tensor => (from === 0 ? x : sliceAxis(x, x.rank - 1, from, kept));
  return [rows, cut(values), counts && cut(counts)];
}

function sliceAxis(x: Tensor, axis: number, begin: number, size: number): Tensor {
  const begins = x.shape.map((_, i) => (i === axis ? begin : 0));
  const sizes = x.shape.map((full, i) => (i === axis ? size : full));
  return tf.slice(x, begins, sizes);
}
