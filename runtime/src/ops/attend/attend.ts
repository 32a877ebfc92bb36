import type { Tensor } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import { f } from '../../formula/builders.js';
import type { FormulaContext } from '../../formula/context.js';
import { type Formula, type FormulaLike, formula } from '../../formula/formula.js';
import type { AttentionDropout } from '../../kernels/attributes.js';
import { fixed, type OperatorScope, startBehindPrefix } from '../context.js';
import { size, view } from '../shapes.js';
import { attendAtOnce } from './at-once.js';
import { attendInGroups } from './groups.js';
import { attentionInputs } from './layout.js';
import { keysAndValues } from './memory.js';
import { attendToNothing } from './nothing.js';
import type { Attention } from './problem.js';
import { attendInTiles, tileRows } from './tiles.js';

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
    const { query, sizes } = inputs;
    const start = options.grows || options.queryGrows ? startBehindPrefix(scope) : fixed(0);
    const mask = formula(options.mask ?? true);
    const memory = keysAndValues(inputs, mask, start, options.grows ? scope : undefined);
    const problem: Attention = {
      ...{ query, memory },
      scale: options.scale ?? (query ? size(query, 3) ** -0.5 : 1),
      mask: memory.limit ? f.and(mask, memory.limit) : mask,
      scores: scoreFormulas(options.score),
      sinks: options.sinks ?? undefined,
      dropout: dropoutOf(options, sizes.queries, scope),
    };
    const context: FormulaContext = { ...sizes, keys: memory.rows, start, scope };
    const isEmpty = context.batch === 0 || context.queries === 0 || context.keys === 0;
    const result = isEmpty
      ? attendToNothing(problem, context)
      : (attendInGroups(problem, context) ?? attendToAll(problem, context));
    return view(result, inputs.resultShape);
  });
}

function attendToAll(of: Attention, context: FormulaContext): Tensor {
  const rows = tileRows(of, context);
  return rows < context.queries ? attendInTiles(of, context, rows) : attendAtOnce(of, context);
}

function dropoutOf({ drop }: AttendOptions, rows: number, scope?: OperatorScope): AttentionDropout | undefined {
  return drop && scope?.training ? { rate: drop, seed: scope.dropoutSeed(), rows, from: 0 } : undefined;
}

function scoreFormulas(score: AttendOptions['score']): readonly Formula[] {
  if (score === null || score === undefined) return [];
  return (isList(score) ? score : [score]).map(formula);
}

function isList(score: FormulaLike | readonly FormulaLike[]): score is readonly FormulaLike[] {
  return Array.isArray(score);
}
