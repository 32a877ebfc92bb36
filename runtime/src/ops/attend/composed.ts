import type { Tensor } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import type { FormulaContext } from '../../formula/context.js';
import { areFinite, bounded } from './bounds.js';
import { droppedProbabilities } from './dropped.js';
import { headsFirst, headsLast } from './layout.js';
import { maskTensors, rowsThatSee } from './mask.js';
import type { Attention } from './problem.js';
import { products, readsProducts, scored, weightedValues } from './scores.js';
import { withSinks } from './sinks.js';

/** By stock operators, for every formula: [B, Tq, H, d_v]. */
export function composedAttention(of: Attention, sizes: FormulaContext): Tensor {
  const { key, value } = of.memory.forProducts();
  const context: FormulaContext = { ...sizes, query: of.query && headsFirst(of.query), key };
  const probabilities = probabilitiesOf(of, context);
  const read = weightedValues(droppedProbabilities(probabilities.values, of.dropout), value);
  return headsLast(probabilities.sees ? tf.mul(read, probabilities.sees) : read);
}

interface Probabilities {
  /** [B, H, Tq, Tk] */
  readonly values: Tensor;
  /** 0 for rows whose probabilities mean nothing, because they see no key; `undefined` where there is none. */
  readonly sees: Tensor | undefined;
}

function probabilitiesOf({ scores: formulas, scale, mask: visible, sinks }: Attention, context: FormulaContext) {
  const { query, key, scope } = context;
  const first = query && key && readsProducts(formulas) ? products(query, key, scale) : undefined;
  const mask = maskTensors(visible, context);
  const raw = scored(first, formulas, context);
  const finite = areFinite(formulas, context);
  const scores = finite ? withBias(raw, mask.bias) : bounded(raw, mask.bias);
  const sees = finite ? mask.sees : rowsThatSee(scores); // asked with sinks too: one of −∞ is none
  const values = sinks ? withSinks(scores, sinks) : tf.softmax(scores);
  if (scope?.recording) scope.recordAttention(sees ? tf.mul(values, sees) : values);
  return { values, sees } satisfies Probabilities;
}

function withBias(scores: Tensor, bias: Tensor | undefined): Tensor {
  return bias ? tf.add(scores, bias) : scores;
}
