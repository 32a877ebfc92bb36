import type { Value } from '../../builder.js';
import { as, type Bounds, boundsOf, evaluateFormula, widest } from '../../formulas/index.js';
import type { Ops } from '../../ops.js';
import { product, type Size, sameShape } from '../../sizes.js';
import type { Attention } from './attention.js';
import { hidden, rowsThatSee, visible } from './mask.js';
import { allRows, headsFirst } from './memory.js';
import { readsProducts } from './scores.js';

/** softmax(score(scale · q kᵀ), over the keys that the mask shows) · v of products and a softmax: [B, Tq, H, d_v]. */
export function decomposedAttention(attention: Attention): Value {
  const { inputs, formulas, formula, scale } = attention;
  const { ops } = formula;
  const key = inputs.key && allRows(attention, 'key', inputs.key);
  const value = allRows(attention, 'value', inputs.value);
  const query = inputs.query && headsFirst(attention, inputs.query);
  const multiplied = query && key && readsProducts(formulas) ? products(attention, query, key, scale) : 0;
  let score: Value | 0 = multiplied;
  for (const each of formulas) score = as(ops, evaluateFormula(each, { ...formula, query, key, score }), 'float');
  const bounds = widest(formulas.map((each) => boundsOf(each, formula)));
  const { probabilities, sees } = softmaxOver(attention, withAllAxes(attention, score), bounds);
  const read = weighted(attention, probabilities, value);
  return headsFirst(attention, sees ? ops.where(sees, read, ops.scalar(0)) : read);
}

interface Probabilities {
  /** [B, H, Tq, S] */
  readonly probabilities: Value;
  /** False for rows whose probabilities mean nothing, because they see no key; `undefined` where there is none. */
  readonly sees: Value | undefined;
}

function softmaxOver(attention: Attention, raw: Value, bounds: Bounds): Probabilities {
  const { inputs, conjuncts, formula, context } = attention;
  const { ops } = formula;
  const mask = visible(conjuncts, formula);
  const scores = hidden(ops, raw, mask, bounds === 'finite');
  if (inputs.sinks) return { probabilities: withSinks(ops, scores, inputs.sinks), sees: undefined };
  const probabilities = ops.softmax(scores);
  if (bounds !== 'finite') return { probabilities, sees: rowsThatSee(ops, scores) };
  if (!mask || attention.everyQuerySees) return { probabilities, sees: undefined };
  return { probabilities, sees: context.builder.once(`attend sees ${mask.name}`, () => rowsThatSee(ops, mask)) };
}

/**
 * scale · q kᵀ for all pairs: query [B, H, Tq, d], key [B, G, S, d] → [B, H, Tq, S]. The H / G query heads that read one
 * key head are rows of one product, so that keys are not repeated.
 */
function products(attention: Attention, query: Value, key: Value, scale: number): Value {
  const { ops } = attention.formula;
  const { batch, heads, queries, keys } = attention.inputs;
  const scaled = scale === 1 ? query : ops.multiply(query, ops.scalar(scale));
  const product = ops.matmul(grouped(attention, scaled), ops.transpose(key, [0, 1, 3, 2]));
  return ops.reshape(product, [batch, heads, queries, keys]);
}

/** Σ p·v: probabilities [B, H, Tq, S], value [B, G, S, d_v] → [B, H, Tq, d_v]. */
function weighted(attention: Attention, probabilities: Value, value: Value): Value {
  const { ops } = attention.formula;
  const { batch, heads, queries } = attention.inputs;
  return ops.reshape(ops.matmul(grouped(attention, probabilities), value), [batch, heads, queries, value.shape[3]!]);
}

/** [B, H, Tq, n] → [B, G, H / G · Tq, n] */
function grouped({ formula: { ops }, inputs }: Attention, x: Value): Value {
  const { batch, heads, keyHeads, queries } = inputs;
  return ops.reshape(x, [batch, keyHeads, product(heads / keyHeads, queries), x.shape[3]!]);
}

function withAllAxes({ formula: { ops }, inputs }: Attention, score: Value | 0): Value {
  const { batch, heads, queries, keys } = inputs;
  const shape: readonly Size[] = [batch, heads, queries, keys];
  const value = score === 0 ? ops.scalar(0) : score;
  return sameShape(value.shape, shape) ? value : ops.expand(value, shape);
}

/** softmax over the keys and one more logit per head that reads no value: [B, H, Tq, S], sinks [H]. */
function withSinks(ops: Ops, scores: Value, sinks: Value): Value {
  const [batch = 1, heads = 1, queries = 1] = scores.shape;
  const column = ops.expand(ops.reshape(sinks, [1, heads, 1, 1]), [batch, heads, queries, 1]);
  return ops.slice(ops.softmax(ops.concat([column, scores], 3)), 3, 1);
}
