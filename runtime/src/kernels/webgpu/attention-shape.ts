import type { TensorInfo } from '@tensorflow/tfjs';
import type { AttendAttributes, KeyIntervals } from '../attributes.js';
import { broadcastStrides } from '../broadcast.js';
import { counterMask } from '../counter-mask.js';
import { elementsOf, present, rowsOperand } from './kernel.js';
import { pairIntegers } from './pair-code.js';

/**
 * One attention as both kernels see it. The query heads that read one key head are rows of one problem, (query, head) by
 * (query, head), so that keys and values are read once for all of them and never repeated.
 */
export interface AttentionShape {
  readonly batch: number;
  readonly queries: number;
  readonly heads: number;
  readonly keyHeads: number;
  /** Query heads for each key head. */
  readonly group: number;
  /** Rows for each key head: queries · group. */
  readonly rows: number;
  readonly width: number;
  readonly valueWidth: number;
}

export type AttentionOperands = readonly (TensorInfo | undefined)[];

export function attentionShape([query, , value]: AttentionOperands, headsFirst: boolean): AttentionShape {
  const [batch, queries, heads, width] = query!.shape as [number, number, number, number];
  const keyHeads = value!.shape[headsFirst ? 1 : 2]!;
  const group = heads / keyHeads;
  return { batch, queries, heads, keyHeads, group, rows: queries * group, width, valueWidth: value!.shape[3]! };
}

/** What is baked into the code. */
export function attentionConstants({ width, valueWidth }: AttentionShape, { cap }: AttendAttributes) {
  return {
    ...{ WIDTH: width, WIDTH_STEP: elementsOf(width, width) },
    ...{ VALUE_WIDTH: valueWidth, VALUE_STEP: elementsOf(valueWidth, valueWidth) },
    CAPPED: Number(cap !== 0),
  };
}

/** What all kernels of attention read; `sinks` too where they are for them. */
export function attentionReads(operands: AttentionOperands, spans: Int32Array<ArrayBuffer>, withSinks: boolean) {
  const [query, key, value, bias, mask, sinks] = operands;
  return present({
    query: rowsOperand(query!, query!.shape[3]!),
    key: rowsOperand(key!, key!.shape[3]!),
    value: rowsOperand(value!, value!.shape[3]!),
    spans: { of: spans, as: 'vec2i' },
    bias: bias && { of: bias, as: 'f32' },
    mask: mask && { of: mask, as: 'f32' },
    sinks: withSinks && sinks ? { of: sinks, as: 'f32' } : undefined,
  });
}

export function attentionIntegers(shape: AttentionShape, operands: AttentionOperands, attributes: AttendAttributes) {
  const [, key, value, bias, mask] = operands;
  const { queries, heads, keyHeads, group, rows } = shape;
  return {
    ...{ queries, heads, keyHeads, group, rows },
    ...rowStrides('key', key!, attributes.headsFirst),
    ...rowStrides('value', value!, attributes.headsFirst),
    ...(bias ? stridesOf('bias', bias, attributes.biasByDistance, queries) : {}),
    ...(mask && !attributes.pairs ? stridesOf('mask', mask, attributes.maskByDistance, queries) : {}),
    ...pairIntegers(attributes, queries),
    ...dropoutIntegers(attributes),
  };
}

/** The mask of dropout; no fields without. */
function dropoutIntegers({ dropout, keys }: AttendAttributes): Record<string, number> {
  if (!dropout) return {};
  const { threshold, key } = counterMask(dropout.rate, dropout.seed);
  return {
    dropThreshold: Math.ceil(threshold) | 0,
    dropKey: key,
    dropRows: dropout.rows,
    dropFrom: dropout.from,
    dropKeys: keys,
  };
}

export function attentionFloats({ scale, cap, dropout }: AttendAttributes): Record<string, number> {
  return { scale, cap, ...(dropout ? { dropKept: 1 / (1 - dropout.rate) } : {}) };
}

/** Elements from one batch entry, head and row to the next, of [B, T, G, d] or, heads first, [B, G, T, d]. */
function rowStrides(name: string, { shape }: TensorInfo, headsFirst: boolean): Record<string, number> {
  const [, second, third, width] = shape as [number, number, number, number];
  const step = elementsOf(width, width);
  const [head, row] = headsFirst ? [third * step, step] : [step, third * step];
  return { [`${name}Batch`]: second * third * step, [`${name}Head`]: head, [`${name}Row`]: row };
}

function stridesOf(name: string, { shape }: TensorInfo, byDistance: boolean, queries: number): Record<string, number> {
  const { from, batch, head, query, key } = broadcastStrides(shape, byDistance, queries);
  return {
    ...{ [`${name}From`]: from, [`${name}Batch`]: batch, [`${name}Head`]: head },
    ...{ [`${name}Query`]: query, [`${name}Key`]: key },
  };
}

/** The keys that rows see, in blocks of rows. */
export interface Spans {
  /**
   * For each batch entry, or for all, [first, end) of what each block of rows sees together, then of each query: whole
   * tiles are skipped by the first, single keys by the second.
   */
  readonly values: Int32Array<ArrayBuffer>;
  /** Pairs from one batch entry to the next; 0 where all see the same. */
  readonly stride: number;
  readonly blocks: number;
  /** Keys between the first and the end of the longest span. */
  readonly longest: number;
}

export function spansOf(
  { firsts, ends }: KeyIntervals,
  { queries, rows, group }: AttentionShape,
  block: number,
): Spans {
  const entries = firsts.length / queries;
  const blocks = Math.ceil(rows / block);
  const values = new Int32Array(entries * (blocks + queries) * 2);
  let [at, longest] = [0, 0];
  for (let entry = 0; entry < entries; entry++) {
    const own = entry * queries;
    for (let row = 0; row < rows; row += block) {
      const last = Math.min(row + block, rows) - 1;
      const [first, end] = union(firsts, ends, own + Math.floor(row / group), own + Math.floor(last / group));
      values.set([first, end], at);
      longest = Math.max(longest, end - first);
      at += 2;
    }
    for (let t = own; t < own + queries; t++, at += 2) values.set([firsts[t]!, ends[t]!], at);
  }
  return { values, stride: entries > 1 ? blocks + queries : 0, blocks, longest };
}

function union(firsts: Int32Array, ends: Int32Array, from: number, to: number): [number, number] {
  let [first, end] = [Number.POSITIVE_INFINITY, 0];
  for (let t = from; t <= to; t++) {
    if (firsts[t]! >= ends[t]!) continue;
    first = Math.min(first, firsts[t]!);
    end = Math.max(end, ends[t]!);
  }
  return end > 0 ? [first, end] : [0, 0];
}
