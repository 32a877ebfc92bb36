import type { Tensor } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import type { AttendAttributes, KeyIntervals } from '../../kernels/attributes.js';
import type { Operand } from '../../kernels/fused.js';
import { takeRows } from '../embedding.js';
import { less } from '../logic.js';
import { range, size } from '../shapes.js';
import { bounded } from './bounds.js';
import { droppedProbabilities } from './dropped.js';
import { headsFirst, headsLast } from './layout.js';
import { rowsThatSee, unseen } from './mask.js';
import { products, weightedValues } from './scores.js';
import { withSinks } from './sinks.js';

/**
 * What the kernels of attention compute, by stock operators and so with a gradient of its gradient:
 * [query, key, value, bias?, mask?, sinks?] → [B, Tq, H, d_v].
 */
export function attendComposition(operands: readonly Operand[], attributes: AttendAttributes): Tensor {
  const [q, k, v, , , sinks] = operands;
  const { bias, mask } = pairsOf(operands, attributes);
  const inHeads = (x: Tensor) => (attributes.headsFirst ? range(x, 2, 0, attributes.keys) : headsFirst(x));
  const [key, value] = [inHeads(k!), inHeads(v!)];
  const query = headsFirst(q!);
  const [queries, keys] = [size(query, 2), size(key, 2)];
  const raw = products(query, key, attributes.scale);
  const capped = attributes.cap ? tf.mul(tf.tanh(tf.div(raw, attributes.cap)), attributes.cap) : raw;
  const forPairs = (x: Tensor | undefined, byDistance: boolean) => (x && byDistance ? ofPairs(x, queries, keys) : x);
  const addend = forPairs(bias, attributes.biasByDistance);
  const hiding = forPairs(mask, attributes.maskByDistance);
  const scores = addend ? bounded(tf.add(capped, addend), undefined) : capped;
  const hidden = hiddenKeys(attributes.visible, queries, keys, hiding);
  const seen = tf.where(hidden, tf.fill(scores.shape, unseen), hiding ? tf.add(scores, hiding) : scores);
  const probabilities = tf.mul(sinks ? withSinks(seen, sinks) : tf.softmax(seen), rowsThatSee(seen));
  return headsLast(weightedValues(droppedProbabilities(probabilities, attributes.dropout), value));
}

/** What is added and what hides, where formulas say one of them. */
function pairsOf([, , , bias, mask]: readonly Operand[], { pairs }: AttendAttributes) {
  if (!pairs) return { bias, mask };
  const said = pairs.tensors();
  return { bias: bias ?? said.bias, mask: said.mask };
}

/** [b, h, 1, Tq + Tk − 1] by distance → [b, h, Tq, Tk]. */
function ofPairs(x: Tensor, queries: number, keys: number): Tensor {
  const [batch, heads, , distances] = x.shape as [number, number, number, number];
  const ids = Int32Array.from({ length: queries * keys }, (_, i) => (i % keys) - Math.floor(i / keys) + queries - 1);
  const columns = tf.transpose(tf.reshape(x, [batch * heads, distances]));
  const rows = takeRows(columns, tf.tensor1d(ids, 'int32'));
  return tf.reshape(tf.transpose(rows), [batch, heads, queries, keys]);
}

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
