import type { Tensor } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import { f } from '../../formula/builders.js';
import type { FormulaContext } from '../../formula/context.js';
import { type Formula, isStatic, usesAxis } from '../../formula/formula.js';
import { hasTensors } from '../../formula/tensors.js';
import type { AttendGradientAttributes, AttentionDropout, PairFormulas } from '../../kernels/attributes.js';
import { type FusedOperator, hasKernel, isTapeOn, runFused } from '../../kernels/fused.js';
import { guarded } from '../../replay/tracking.js';
import { atPosition, fixed } from '../context.js';
import { additiveScore, readsVector } from './additive.js';
import { attendComposition } from './composition.js';
import { distancesOf, isOfDistance } from './distances.js';
import { attendGradient } from './gradient.js';
import { keyIntervals, splitMask } from './intervals.js';
import { maskBias } from './mask.js';
import { pairVectors, type SeparatedPairs, separated, valuesOf } from './pairs.js';

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
  /** What the kernel computes for each pair; `bias` and `mask` are then what is left of them as tensors. */
  readonly pairs: SeparatedPairs | undefined;
}

/**
 * [B, Tq, H, d_v] from the kernel of the active backend; `undefined` where it has none, or not for such formulas. Masks of
 * inequalities become an interval of keys for each query; the rest of the mask and what is added to scores are tensors
 * as small as they are: a padding mask is [B, 1, 1, Tk], what depends on the distance of query and key has one number for each.
 * Where one would have a number for each pair, WebGPU computes what it says instead, if that can be (pairs.ts).
 */
export function fusedAttention(of: FusedAttention, context: FormulaContext): Tensor | undefined {
  const parts = partsFor(of, context);
  if (!parts) return undefined;
  const visible = atPosition(context.start, () => keyIntervals(parts.inequalities, context));
  const bias = parts.bias && valuesOf(parts.bias, smallest(parts.bias, context));
  const joined = parts.pairs && pairVectors(parts.pairs.atoms, context);
  const mask = joined ? joined.tensor : maskBias(parts.mask, smallest(parts.mask, context));
  return runFused(attendOperator, [of.query, of.key, of.value, bias, mask, of.sinks], {
    scale: of.scale * parts.scale,
    cap: parts.cap,
    get visible() {
      return visible();
    },
    keys: context.keys,
    headsFirst: of.headsFirst,
    biasByDistance: parts.bias !== undefined && byDistance(parts.bias, context),
    maskByDistance: !joined && byDistance(parts.mask, context),
    pairs: joined && parts.pairs && { ...parts.pairs, vectors: joined.vectors, tensors: pairTensors(of, context) },
    dropout: of.dropout,
    keepsLogSumExp: isTapeOn() && !of.headsFirst && hasKernel('TfmAttendGradient', []),
    biasLearns: parts.bias !== undefined && !isStatic(parts.bias),
  });
}

/** The parts of a mask and scores that become operands of a kernel; `undefined` where there is no kernel for them. */
export function partsFor(of: FusedAttention, context: FormulaContext): Parts | undefined {
  const parts = partsAsTensors(of, context);
  if (!parts || tf.getBackend() !== 'webgpu' || context.queries === 1) return parts;
  const isOfPairs = (each: Formula) => numbersOfPairs(each, context) > 0;
  const bias = parts.bias && isStatic(parts.bias) && isOfPairs(parts.bias) ? parts.bias : undefined;
  const mask = parts.mask.kind === 'constant' ? undefined : parts.mask; // it is `true`: another one is an inequality
  const pairs =
    (bias && separated(mask, bias, context)) ??
    (mask && isOfPairs(mask) ? separated(mask, undefined, context) : undefined);
  return pairs ? { ...parts, bias: pairs.bias ? undefined : parts.bias, mask: f.all, pairs } : parts;
}

function partsAsTensors(of: FusedAttention, context: FormulaContext): Parts | undefined {
  if (!hasKernel(attendOperator.kernel, [of.query, of.key, of.value, of.sinks]) || context.keys === 0) return undefined;
  const score = additiveScore(of.scores);
  const { inequalities, rest } = splitMask(of.mask);
  return score && !readsVector(rest) ? { ...score, mask: rest, inequalities, pairs: undefined } : undefined;
}

/** How many numbers a formula's tensor has, where it has one for each pair of query and key, or for many of them; else 0. */
export function numbersOfPairs(of: Formula, context: FormulaContext): number {
  if (!usesAxis(of, 'query') || !usesAxis(of, 'key') || byDistance(of, context)) return 0;
  const { batch, heads, queries, keys, start } = context;
  const ofBatch = hasTensors(of) || guarded(() => typeof start.read() !== 'number');
  return (ofBatch ? batch : 1) * (usesAxis(of, 'head') ? heads : 1) * queries * keys;
}

/** What the formulas of pairs say, asked for when a gradient is taken of a gradient. */
function pairTensors(of: FusedAttention, context: FormulaContext): PairFormulas['tensors'] {
  const start = isTapeOn() ? fixed(context.start.read()) : context.start;
  return () => {
    const own = { ...context, start, scope: undefined };
    const parts = partsAsTensors(of, own)!;
    return { bias: parts.bias && valuesOf(parts.bias, own), mask: maskBias(parts.mask, own) };
  };
}

/** One number for each distance instead of one for each pair. */
function byDistance(of: Formula, { queries, groups }: FormulaContext): boolean {
  return queries > 1 && !groups && isOfDistance(of);
}

function smallest(of: Formula, context: FormulaContext): FormulaContext {
  return byDistance(of, context) ? distancesOf(context) : context;
}

/** [query, key, value, bias?, mask?, sinks?] → [B, Tq, H, d_v]. */
const attendOperator: FusedOperator<AttendGradientAttributes> = {
  kernel: 'TfmAttend',
  constants: [4],
  composition: attendComposition,
  gradient: attendGradient,
  keepsResults: true,
};
