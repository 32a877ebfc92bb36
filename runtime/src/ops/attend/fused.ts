import type { Tensor } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import type { FormulaContext } from '../../formula/context.js';
import { evaluate } from '../../formula/evaluate.js';
import { type Formula, isStatic } from '../../formula/formula.js';
import { float } from '../../formula/on-tensors.js';
import type { AttendGradientAttributes, AttentionDropout } from '../../kernels/attributes.js';
import { type FusedOperator, hasKernel, isTapeOn, runFused } from '../../kernels/fused.js';
import { atPosition } from '../context.js';
import { additiveScore, readsVector } from './additive.js';
import { attendComposition } from './composition.js';
import { distancesOf, isOfDistance } from './distances.js';
import { attendGradient } from './gradient.js';
import { keyIntervals, splitMask } from './intervals.js';
import { maskBias } from './mask.js';

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
  readonly dropout: AttentionDropout | undefined;
}

/** What a kernel is given of a mask and scores: intervals, and tensors of what these do not say. */
interface Parts {
  readonly scale: number;
  readonly cap: number;
  readonly bias: Formula | undefined;
  readonly mask: Formula;
  readonly inequalities: ReturnType<typeof splitMask>['inequalities'];
}

/**
 * [B, Tq, H, d_v] from the kernel of the active backend; `undefined` where it has none, or not for such formulas. Masks of
 * inequalities become an interval of keys for each query; the rest of the mask and what is added to scores are tensors
 * as small as they are: a padding mask is [B, 1, 1, Tk], what depends on the distance of query and key has one number for each.
 */
export function fusedAttention(of: FusedAttention, context: FormulaContext): Tensor | undefined {
  const parts = partsFor(of, context);
  if (!parts) return undefined;
  const visible = atPosition(context.start, () => keyIntervals(parts.inequalities, context));
  const bias = parts.bias && added(parts.bias, smallest(parts.bias, context));
  const mask = maskBias(parts.mask, smallest(parts.mask, context));
  return runFused(attendOperator, [of.query, of.key, of.value, bias, mask, of.sinks], {
    scale: of.scale * parts.scale,
    cap: parts.cap,
    get visible() {
      return visible();
    },
    keys: context.keys,
    headsFirst: of.headsFirst,
    biasByDistance: parts.bias !== undefined && byDistance(parts.bias, context),
    maskByDistance: byDistance(parts.mask, context),
    dropout: of.dropout,
    keepsLogSumExp: isTapeOn() && !of.headsFirst && hasKernel('TfmAttendGradient', []),
    biasLearns: parts.bias !== undefined && !isStatic(parts.bias),
  });
}

/** The parts of a mask and scores that become tensors of a kernel; `undefined` where there is no kernel for them. */
export function partsFor(of: FusedAttention, { query: _, ...context }: FormulaContext): Parts | undefined {
  if (!hasKernel(attendOperator.kernel, [of.query, of.key, of.value, of.sinks]) || context.keys === 0) return undefined;
  const score = additiveScore(of.scores);
  const { inequalities, rest } = splitMask(of.mask);
  return score && !readsVector(rest) ? { ...score, mask: rest, inequalities } : undefined;
}

/** One number for each distance instead of one for each pair. */
export function byDistance(of: Formula, { queries, groups }: FormulaContext): boolean {
  return queries > 1 && !groups && isOfDistance(of);
}

function smallest(of: Formula, context: FormulaContext): FormulaContext {
  return byDistance(of, context) ? distancesOf(context) : context;
}

/** A formula as a tensor of four axes, of size 1 where it does not depend on them. */
function added(of: Formula, context: FormulaContext): Tensor {
  const value = evaluate(of, context);
  if (typeof value === 'number') return tf.fill([1, 1, 1, 1], value);
  return tf.reshape(float(value), [...Array<number>(4 - value.rank).fill(1), ...value.shape]);
}

/** [query, key, value, bias?, mask?, sinks?] → [B, Tq, H, d_v]. */
const attendOperator: FusedOperator<AttendGradientAttributes> = {
  kernel: 'TfmAttend',
  constants: [4],
  composition: attendComposition,
  gradient: attendGradient,
  keepsResults: true,
};
