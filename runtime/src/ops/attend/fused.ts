import type { Tensor } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import type { FormulaContext } from '../../formula/context.js';
import { evaluate } from '../../formula/evaluate.js';
import type { Formula } from '../../formula/formula.js';
import { float } from '../../formula/on-tensors.js';
import type { AttendAttributes, KeyIntervals } from '../../kernels/attributes.js';
import { type FusedOperator, hasKernel, runFused } from '../../kernels/fused.js';
import { less } from '../logic.js';
import { range, size } from '../shapes.js';
import { additiveScore, readsVector } from './additive.js';
import { bounded } from './bounds.js';
import { keyIntervals, splitMask } from './intervals.js';
import { headsFirst, headsLast } from './layout.js';
import { maskTensors, rowsThatSee, unseen } from './mask.js';
import { products, weightedValues } from './scores.js';
import { withSinks } from './sinks.js';

/** One attention in the terms of a kernel. */
export interface FusedAttention {
  /** [B, Tq, H, d_k] */
  readonly query: Tensor;
  /** [B, Tk, G, ..], or a cache [B, G, capacity, ..] where `headsFirst`. */
  readonly key: Tensor;
  readonly value: Tensor;
  readonly headsFirst: boolean;
  readonly scale: number;
  readonly mask: Formula;
  readonly scores: readonly Formula[];
  readonly sinks: Tensor | undefined;
}

/**
 * [B, Tq, H, d_v] from the kernel of the active backend; `undefined` where it has none, or not for such formulas. Masks of
 * inequalities become an interval of keys for each query; the rest of the mask and what is added to scores are tensors
 * as small as they are (a padding mask is [B, 1, 1, Tk]).
 */
export function fusedAttention(of: FusedAttention, context: FormulaContext): Tensor | undefined {
  const { query, key, value, sinks } = of;
  if (!hasKernel(attendOperator.kernel, [query, key, value, sinks])) return undefined;
  const score = additiveScore(of.scores);
  const { inequalities, rest } = splitMask(of.mask);
  if (!score || readsVector(rest)) return undefined;
  const bias = score.bias && added(score.bias, context);
  const mask = maskTensors(rest, context).bias;
  return runFused(attendOperator, [query, key, value, bias, mask, sinks], {
    scale: of.scale * score.scale,
    cap: score.cap,
    visible: keyIntervals(inequalities, context),
    keys: context.keys,
    headsFirst: of.headsFirst,
  });
}

/** A formula as a tensor of four axes, of size 1 where it does not depend on them. */
function added(of: Formula, context: FormulaContext): Tensor {
  const value = evaluate(of, context);
  if (typeof value === 'number') return tf.fill([1, 1, 1, 1], value);
  return tf.reshape(float(value), [...Array<number>(4 - value.rank).fill(1), ...value.shape]);
}

/** [query, key, value, bias?, mask?, sinks?] → [B, Tq, H, d_v]. */
const attendOperator: FusedOperator<AttendAttributes> = {
  kernel: 'TfmAttend',
  constants: [4],
  composition: ([q, k, v, bias, mask, sinks], attributes) => {
    const inHeads = (x: Tensor) => (attributes.headsFirst ? range(x, 2, 0, attributes.keys) : headsFirst(x));
    const [key, value] = [inHeads(k!), inHeads(v!)];
    const query = headsFirst(q!);
    const raw = products(query, key, attributes.scale);
    const capped = attributes.cap ? tf.mul(tf.tanh(tf.div(raw, attributes.cap)), attributes.cap) : raw;
    const scores = bias ? bounded(tf.add(capped, bias), undefined, 'anything') : capped;
    const hidden = hiddenKeys(attributes.visible, size(query, 2), size(key, 2), mask);
    const seen = tf.where(hidden, tf.fill(scores.shape, unseen), mask ? tf.add(scores, mask) : scores);
    if (sinks) return headsLast(weightedValues(withSinks(seen, sinks), value));
    return headsLast(tf.mul(weightedValues(tf.softmax(seen), value), rowsThatSee(seen)));
  },
};

/** True where the intervals or the mask hide a key: broadcasts to [B, H, Tq, Tk]. */
function hiddenKeys(visible: KeyIntervals, queries: number, keys: number, mask: Tensor | undefined): Tensor {
  const { firsts, ends } = visible;
  const outside = Uint8Array.from({ length: firsts.length * keys }, (_, i) => {
    const [row, k] = [Math.floor(i / keys), i % keys];
    return Number(k < firsts[row]! || k >= ends[row]!);
  });
  const hidden = tf.tensor4d(outside, [firsts.length / queries, 1, queries, keys], 'bool');
  return mask ? tf.logicalOr(hidden, less(mask, unseen / 2)) : hidden;
}
