import type { Tensor } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import { f } from '../../formula/builders.js';
import type { FormulaContext } from '../../formula/context.js';
import { evaluate } from '../../formula/evaluate.js';
import { type Formula, formulaKey, isStatic } from '../../formula/formula.js';
import { float } from '../../formula/on-tensors.js';
import { type StaticTable, staticKey, staticTable, tableTensor } from '../../formula/static-tensor.js';
import { ofTable } from '../../formula/table-facts.js';
import { guarded } from '../../replay/tracking.js';
import { add, multiply, subtract } from '../arithmetic.js';
import { once } from '../context.js';
import { bool, flat } from '../logic.js';
import { conjunctsOf } from './intervals.js';

/**
 * The score of a key that is not seen: finite, so that no row becomes ∞ − ∞, and far below every score that a model
 * can have, so that exp(score − largest) is exactly 0.
 */
export const unseen = -1e30;

/** A mask as what is added to scores. */
export interface MaskTensors {
  /** 0 where a key is seen, `unseen` where not; broadcasts to [B, H, Tq, Tk]. `undefined`: every key is seen. */
  readonly bias: Tensor | undefined;
  /** 1 for queries that see a key, else 0: broadcasts to [B, H, Tq, 1]. `undefined`: all do. */
  readonly sees: Tensor | undefined;
}

/** The tensors of a mask, made once in a pass for all layers that have the same mask. */
export function maskTensors(mask: Formula, context: FormulaContext): MaskTensors {
  const bias = maskBias(mask, context);
  if (!bias) return { bias, sees: undefined };
  const { fixed, dynamic } = partsOf(mask);
  if (dynamic.length === 0 && covers('everyRow', fixed, context)) return { bias, sees: undefined };
  return { bias, sees: once(context.scope, `sees ${keyOf(mask, context)}`, () => rowsThatSee(bias)) };
}

/** What is added to scores alone: 0 where a key is seen, `unseen` where not. `undefined`: every key is seen. */
export function maskBias(mask: Formula, context: FormulaContext): Tensor | undefined {
  if (mask.kind === 'constant' && mask.value) return undefined; // most masks: intervals say the rest
  const { fixed, dynamic } = partsOf(mask);
  const all = covers('all', fixed, context);
  if (dynamic.length === 0 && all) return undefined;
  return once(context.scope, `mask ${keyOf(mask, context)}`, () =>
    tf.tidy(() => {
      const parts = dynamic.map((part) => biasOf(evaluate(part, context)));
      if (!all) parts.unshift(tableTensor(fixed, context, 'float32', hidingBias));
      return parts.reduce((sum, part) => add(sum, part));
    }),
  );
}

/** What a mask says by positions alone, and the rest. */
function partsOf(mask: Formula): { readonly fixed: Formula; readonly dynamic: readonly Formula[] } {
  const conjuncts = conjunctsOf(mask);
  return { fixed: f.and(...conjuncts.filter(isStatic)), dynamic: conjuncts.filter((part) => !isStatic(part)) };
}

function covers(what: keyof Coverage, fixed: Formula, context: FormulaContext): boolean {
  return guarded(() => coverage(staticTable(fixed, context))[what]);
}

function keyOf(mask: Formula, context: FormulaContext): string {
  return `${formulaKey(mask)} ${context.batch} ${staticKey(partsOf(mask).fixed, context)}`;
}

/** 1 for rows with a score above `unseen`, else 0. */
export function rowsThatSee(scores: Tensor): Tensor {
  return flat((given) => float(tf.greater(tf.max(given, -1, true), unseen / 2)), [scores]);
}

function biasOf(seen: number | Tensor): Tensor {
  if (typeof seen === 'number') return tf.fill([1, 1, 1, 1], seen === 0 ? unseen : 0);
  const asNumber = float(bool(seen));
  return multiply(subtract(asNumber, 1), -unseen);
}

function hidingBias({ values }: StaticTable): Float32Array {
  return values.map((seen) => (seen === 0 ? unseen : 0));
}

interface Coverage {
  /** Every query sees every key. */
  readonly all: boolean;
  /** Every query sees some key. */
  readonly everyRow: boolean;
}

const coverage = ofTable(({ values, shape }): Coverage => {
  const keys = shape[3];
  let everyRow = true;
  for (let row = 0; row < values.length && everyRow; row += keys)
    everyRow = values.subarray(row, row + keys).some((seen) => seen !== 0);
  return { all: values.every((seen) => seen !== 0), everyRow };
});
