import type { Tensor } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import { f } from '../../formula/builders.js';
import type { FormulaContext } from '../../formula/context.js';
import { type Formula, type FormulaLike, formula } from '../../formula/formula.js';
import { type OperatorScope, type Position, positionBehindPrefix } from '../context.js';
import { dropout } from '../dropout.js';
import { size } from '../shapes.js';
import { bounded, boundsOf } from './bounds.js';
import { fusedAttention } from './fused.js';
import { type AttentionInputs, attentionInputs, headsFirst, headsLast } from './layout.js';
import { maskTensors, rowsThatSee } from './mask.js';
import { keysAndValues, type Memory } from './memory.js';
import { products, readsProducts, scored, weightedValues } from './scores.js';
import { withSinks } from './sinks.js';

export interface AttendOptions {
  /** Multiplies q·k. Default d_k^(−1/2). */
  readonly scale?: number | null | undefined;
  /** Which keys a query sees. Default all. */
  readonly mask?: FormulaLike | undefined;
  /** What becomes of the scaled scores: one formula, or several from left to right. */
  readonly score?: FormulaLike | readonly FormulaLike[] | null | undefined;
  /** A logit per head [H] that takes part in the softmax and reads no value (Xiao et al. 2024; gpt-oss). */
  readonly sinks?: Tensor | null | undefined;
  /** Dropout rate of the probabilities, in training. */
  readonly drop?: number | undefined;
  /** Keys and values grow in a generation: new ones are appended to the KV cache. */
  readonly grows?: boolean | undefined;
  /** Only the queries grow, and a formula reads their positions. */
  readonly queryGrows?: boolean | undefined;
  /** The mask implies q − k < window. */
  readonly window?: number | null | undefined;
}

/**
 * softmax(score(scale · q kᵀ), over the keys that the mask shows) · v (Vaswani et al. 2017, equation 1).
 *
 * q [B, Tq, H, d_k], k [B, Tk, G, d_k], v [B, Tk, G, d_v] → [B, Tq, H, d_v]; query head h reads key head ⌊h / (H / G)⌋.
 * Without the head axis, one head. In a `scan` q is one row: [B, d_k], or [B, H, d_k] with keys that have heads.
 * `attend(null, null, v)` starts from scores of 0. A query that sees no key gives zeros.
 *
 * @throws TfmError TFM5404 where shapes do not fit, TFM5405 where the KV cache is full.
 */
export function attend(
  q: Tensor | null,
  k: Tensor | null,
  v: Tensor,
  options: AttendOptions = {},
  scope?: OperatorScope,
): Tensor {
  return tf.tidy(() => {
    const inputs = attentionInputs(q, k, v);
    const start: Position = options.grows || options.queryGrows ? positionBehindPrefix(scope) : 0;
    const memory = keysAndValues(inputs, start, options.grows ? scope : undefined);
    const context: FormulaContext = { ...inputs.sizes, keys: memory.rows, start, scope };
    const result = fused(inputs, memory, options, context) ?? composed(inputs, memory, options, context);
    return tf.reshape(result, inputs.resultShape);
  });
}

/** As one kernel, where the backend has it and nobody wants to see or to change the probabilities. */
function fused(
  { query }: AttentionInputs,
  { key, value, headsFirst, limit }: Memory,
  options: AttendOptions,
  context: FormulaContext,
): Tensor | undefined {
  const { scope } = context;
  if (!query || !key || scope?.recording || (options.drop && scope?.training)) return undefined;
  const scores = scoreFormulas(options.score);
  const [scale, mask] = [options.scale ?? size(query, 3) ** -0.5, visible(options.mask, limit)];
  return fusedAttention(
    { query, key, value, headsFirst, scale, mask, scores, sinks: options.sinks ?? undefined },
    context,
  );
}

/** By stock operators: [B, Tq, H, d_v]. */
function composed(inputs: AttentionInputs, memory: Memory, options: AttendOptions, sizes: FormulaContext): Tensor {
  const { scope } = sizes;
  const { key, value } = memory.forProducts();
  const context: FormulaContext = { ...sizes, query: inputs.query && headsFirst(inputs.query), key };
  const probabilities = attention(context, options, memory.limit);
  const dropped =
    options.drop && scope ? dropout(probabilities.values, { rate: options.drop }, scope) : probabilities.values;
  const read = weightedValues(dropped, value);
  return headsLast(probabilities.sees ? tf.mul(read, probabilities.sees) : read);
}

interface Probabilities {
  /** [B, H, Tq, Tk] */
  readonly values: Tensor;
  /** 0 for rows whose probabilities mean nothing, because they see no key; `undefined` where there is none. */
  readonly sees: Tensor | undefined;
}

function attention(context: FormulaContext, options: AttendOptions, limit: Formula | undefined): Probabilities {
  const formulas = scoreFormulas(options.score);
  const { query, key, scope } = context;
  const scale = options.scale ?? (query ? size(query, 3) ** -0.5 : 1);
  const first = query && key && readsProducts(formulas) ? products(query, key, scale) : undefined;
  const mask = maskTensors(visible(options.mask, limit), context);
  const raw = scored(first, formulas, context);
  const bounds = boundsOf(formulas, context);
  const finite = bounds === 'finite';
  const scores = finite ? withBias(raw, mask.bias) : bounded(raw, mask.bias, bounds);
  const sees = options.sinks ? undefined : finite ? mask.sees : rowsThatSee(scores);
  const values = options.sinks ? withSinks(scores, options.sinks) : tf.softmax(scores);
  if (scope?.recording) scope.recordAttention(sees ? tf.mul(values, sees) : values);
  return { values, sees };
}

function withBias(scores: Tensor, bias: Tensor | undefined): Tensor {
  return bias ? tf.add(scores, bias) : scores;
}

function scoreFormulas(score: AttendOptions['score']): readonly Formula[] {
  if (score === null || score === undefined) return [];
  return (isList(score) ? score : [score]).map(formula);
}

function isList(score: FormulaLike | readonly FormulaLike[]): score is readonly FormulaLike[] {
  return Array.isArray(score);
}

function visible(mask: FormulaLike | undefined, limit: Formula | undefined): Formula {
  const all = formula(mask ?? true);
  return limit ? f.and(all, limit) : all;
}
