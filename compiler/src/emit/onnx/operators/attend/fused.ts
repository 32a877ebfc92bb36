import { call } from '../../../../algebra/index.js';
import type { Expression } from '../../../../graph/graph.js';
import { float, int, type Value } from '../../builder.js';
import { as, boundsOf, evaluateFormula, isScalar, readsVectors, widest } from '../../formulas/index.js';
import { product, type Size, sameShape } from '../../sizes.js';
import type { Attention } from './attention.js';
import { hidden, rowsThatSee, visible } from './mask.js';
import { headsFirst, keepRows, pastRows } from './memory.js';
import { type LinearScore, linearScore } from './scores.js';
import { isCausal } from './visibility.js';

/** The scores in the form that ONNX's `Attention` can say; `undefined` where it cannot. */
export function fusible(attention: Attention): LinearScore | undefined {
  const { context, inputs, formulas, scale, conjuncts } = attention;
  if (context.builder.opset < 23 || !inputs.query || !inputs.key || inputs.sinks) return undefined;
  const score = linearScore(formulas);
  // Until ONNX 1.22 (onnx/onnx#7867) the standard had the mask added before the cap, which shows hidden keys; so do ONNX
  // Runtimes of that time. Where there is both, the file says it in parts, which mean the same everywhere.
  if (score?.softcap !== undefined && conjuncts.length + score.bias.length > 0) return undefined;
  // Queries and keys are multiplied by √scale each, so that the scale is above 0; a cap of 0 means none.
  if (!score || !(score.factor * scale > 0) || !((score.softcap ?? 1) > 0)) return undefined;
  return score.bias.some(readsVectors) ? undefined : score;
}

/** softmax(cap(scale · q kᵀ) + mask) · v as one `Attention` (opset 23): [B, Tq, H, d_v]. */
export function fusedAttention(attention: Attention, score: LinearScore): Value {
  const { context, inputs, scale } = attention;
  const { ops, builder } = context;
  const { batch, heads, keyHeads, queries, newKeys, keys, value } = inputs;
  const flat = (x: Value, rows: Size): Value => ops.reshape(x, [batch, rows, product(x.shape[2]!, x.shape[3]!)]);
  const [key, width] = [inputs.key!, value.shape[3]!];
  const past = [pastRows(attention, 'key', key), pastRows(attention, 'value', value)];
  const { mask, causal, sees } = maskOf(attention, score);
  const tensors = [flat(inputs.query!, queries), flat(key, newKeys), flat(value, newKeys), mask, ...past];
  const types = [
    { type: 'float', shape: [batch, queries, product(heads, width)] },
    ...past.map(
      (rows) => rows && { type: rows.type, shape: rows.shape.map((size, axis) => (axis === 2 ? keys : size)) },
    ),
  ] as const;
  const [read, ...present] = builder.nodes('Attention', tensors, types, {
    q_num_heads: int(heads),
    kv_num_heads: int(keyHeads),
    scale: float(scale * score.factor),
    ...(causal && { is_causal: int(1) }),
    ...(score.softcap !== undefined && { softcap: float(score.softcap) }),
  });
  // Without a past the operator gives no present.
  keepRows(attention, 'key', () => present[0] ?? headsFirst(attention, key));
  keepRows(attention, 'value', () => present[1] ?? headsFirst(attention, value));
  const result = ops.reshape(read!, [batch, queries, heads, width]);
  return sees ? ops.where(headsBehindRows(attention, sees), result, ops.scalar(0)) : result;
}

interface MaskInput {
  /** `attn_mask`: bool, or float where scores add something. */
  readonly mask: Value | undefined;
  /** `is_causal`: a query sees its own key and those before it, past ones too. */
  readonly causal: boolean;
  /** bool [b, h, Tq, 1], false for queries that see no key; `undefined` where all do. */
  readonly sees: Value | undefined;
}

/**
 * The standard says since ONNX 1.23 (onnx/onnx#8068) that a query without a key gives zeros, as we do; before it gave no
 * number. So it is not left to the operator, unless every query is known to see a key.
 */
function maskOf(attention: Attention, { bias: terms }: LinearScore): MaskInput {
  const { conjuncts, formula } = attention;
  const { ops } = formula;
  // Not beside a mask, which the first version of opset 23 forbids, and not where there are other keys than queries, which
  // ONNX Runtime counts from their end in one version and from their beginning in another.
  if (terms.length === 0 && conjuncts.length > 0 && attention.isAligned && conjuncts.every(isCausal))
    return { mask: undefined, causal: true, sees: undefined };
  const bounds = widest(terms.map((term) => boundsOf(term, formula)));
  const seen = visible(conjuncts, formula);
  const bias = biasOf(attention, terms);
  if (!bias && !seen) return { mask: undefined, causal: false, sees: undefined };
  const made = bias
    ? once(attention, [bias, seen], 'hidden', () => hidden(ops, bias, seen, bounds === 'finite'))
    : seen!;
  const mask = once(attention, [made], 'mask', () => withRows(attention, made));
  const certain = attention.everyQuerySees && bounds === 'finite';
  return {
    mask,
    causal: false,
    sees: certain ? undefined : once(attention, [made], 'sees', () => rowsThatSee(ops, made)),
  };
}

/** What is added to scores, [b, h, q, k]. What is the same for all keys changes no probability. */
function biasOf(attention: Attention, [first, ...rest]: readonly Expression[]): Value | undefined {
  if (first === undefined) return undefined;
  const { formula } = attention;
  const all = rest.reduce((a, b) => call('add', a, b), first);
  const sum = evaluateFormula(all, formula);
  if (isScalar(sum) && Number.isFinite(Number(sum))) return undefined;
  const value = as(formula.ops, sum, 'float');
  return value.shape.length === 4 ? value : formula.ops.unsqueeze(value, [0, 1, 2, 3]);
}

/** ONNX Runtime wants all rows and all keys in a mask; batch and heads broadcast. */
function withRows({ context: { ops }, inputs: { queries, keys } }: Attention, mask: Value): Value {
  const [batch = 1, heads = 1] = mask.shape;
  const shape = [batch, heads, queries, keys];
  return sameShape(mask.shape, shape) ? mask : ops.expand(mask, shape);
}

/** [b, h, Tq, 1] → [b, Tq, h, 1] */
function headsBehindRows(attention: Attention, sees: Value): Value {
  if (sees.shape[1] === 1 && sees.shape[2] === 1) return sees;
  return once(attention, [sees], 'rows', () => headsFirst(attention, sees));
}

/** Layers that have the same mask share what is made of it. */
function once({ context }: Attention, of: readonly (Value | undefined)[], what: string, make: () => Value): Value {
  return context.builder.once(`attend ${what} ${of.map((value) => value?.name ?? '').join()}`, make);
}
