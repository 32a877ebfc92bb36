import type { TensorInfo } from '@tensorflow/tfjs';
import type { AttendAttributes } from '../attributes.js';
import { broadcastStrides, type Strides } from '../broadcast.js';
import { type CounterMask, counterMask, maskAt } from '../counter-mask.js';
import type { CpuBackend } from './backend.js';

/** Scores of this and less belong to hidden keys: the mask adds −1e30. */
const hidden = -5e29;

/** Rows of queries or of keys: element (b, t, h, i) is at b · batch + t · row + h · head + i. */
interface Rows {
  readonly values: Float32Array;
  readonly batch: number;
  readonly row: number;
  readonly head: number;
}

/** What is added to scores. */
interface Added {
  readonly values: Float32Array;
  readonly strides: Strides;
}

/** One query of one head. */
export interface Row {
  readonly batch: number;
  readonly query: number;
  readonly head: number;
  readonly keyHead: number;
  /** (batch · Tq + query) · H + head: its place in the result. */
  readonly place: number;
  /** The keys that its interval leaves. */
  readonly first: number;
  readonly end: number;
}

/** One attention, row by row. */
export class AttentionRows {
  readonly batch: number;
  readonly queries: number;
  readonly heads: number;
  readonly keyHeads: number;
  readonly width: number;
  readonly valueWidth: number;
  readonly query: Rows;
  readonly key: Rows;
  readonly value: Rows;
  readonly bias: Added | undefined;
  readonly sinks: Float32Array | undefined;
  readonly #mask: Added | undefined;
  readonly #attributes: AttendAttributes;
  readonly #dropout: CounterMask | undefined;

  constructor(operands: readonly (TensorInfo | undefined)[], attributes: AttendAttributes, { data }: CpuBackend) {
    const [query, key, value, bias, mask, sinks] = operands;
    const values = (of: TensorInfo) => data.get(of.dataId).values;
    [this.batch, this.queries, this.heads, this.width] = query!.shape as [number, number, number, number];
    this.keyHeads = value!.shape[attributes.headsFirst ? 1 : 2]!;
    this.valueWidth = value!.shape[3]!;
    this.query = { values: values(query!), ...rowStrides(query!, false) };
    this.key = { values: values(key!), ...rowStrides(key!, attributes.headsFirst) };
    this.value = { values: values(value!), ...rowStrides(value!, attributes.headsFirst) };
    const added = (of: TensorInfo | undefined, byDistance: boolean) =>
      of && { values: values(of), strides: broadcastStrides(of.shape, byDistance, this.queries) };
    this.bias = added(bias, attributes.biasByDistance);
    this.#mask = added(mask, attributes.maskByDistance);
    this.sinks = sinks && values(sinks);
    this.#attributes = attributes;
    const { dropout } = attributes;
    this.#dropout = dropout && counterMask(dropout.rate, dropout.seed);
  }

  forEach(run: (row: Row) => void): void {
    const { firsts, ends } = this.#attributes.visible;
    const group = this.heads / this.keyHeads;
    const ownIntervals = firsts.length > this.queries ? this.queries : 0;
    let place = 0;
    for (let batch = 0; batch < this.batch; batch++)
      for (let query = 0; query < this.queries; query++)
        for (let head = 0; head < this.heads; head++, place++) {
          const at = batch * ownIntervals + query;
          const keyHead = Math.floor(head / group);
          run({ batch, query, head, keyHead, place, first: firsts[at]!, end: ends[at]! });
        }
  }

  /** Where the row's query, and a key of its key head, begin. */
  queryAt({ batch, query, head }: Row): number {
    return batch * this.query.batch + query * this.query.row + head * this.query.head;
  }

  keyAt({ batch, keyHead }: Row, k: number): number {
    return batch * this.key.batch + k * this.key.row + keyHead * this.key.head;
  }

  valueAt({ batch, keyHead }: Row, k: number): number {
    return batch * this.value.batch + k * this.value.row + keyHead * this.value.head;
  }

  biasAt({ batch, head, query }: Row, k: number): number {
    return place(this.bias!.strides, batch, head, query, k);
  }

  /**
   * The scores of a row from key `first` to key `end`, −∞ where the mask hides the key; in `slopes`, where there are any,
   * the derivative by q·k. Nothing is kept of keys outside.
   */
  scores(row: Row, scores: Float64Array, slopes?: Float64Array): void {
    const { scale, cap } = this.#attributes;
    const mask = this.#mask;
    const from = this.queryAt(row);
    for (let k = row.first; k < row.end; k++) {
      const keyFrom = this.keyAt(row, k);
      let product = 0;
      for (let i = 0; i < this.width; i++) product += this.query.values[from + i]! * this.key.values[keyFrom + i]!;
      const capped = cap ? Math.tanh((product * scale) / cap) : 0;
      let score = cap ? cap * capped : product * scale;
      if (slopes) slopes[k] = cap ? scale * (1 - capped * capped) : scale;
      const isHidden = mask && mask.values[place(mask.strides, row.batch, row.head, row.query, k)]! < hidden;
      if (isHidden) score = -Infinity;
      else if (this.bias) score = biased(score, this.bias.values[this.biasAt(row, k)]!);
      scores[k] = score <= hidden ? -Infinity : score; // NaN stays
    }
  }

  /** What dropout multiplies a probability by. */
  kept(row: Row, k: number): number {
    const { dropout, keys } = this.#attributes;
    if (!this.#dropout || !dropout) return 1;
    const rowInAll = (row.batch * this.heads + row.head) * dropout.rows + dropout.from + row.query;
    return maskAt(this.#dropout, rowInAll * keys + k);
  }
}

function rowStrides({ shape }: TensorInfo, headsFirst: boolean): Omit<Rows, 'values'> {
  const [, second, third, width] = shape as [number, number, number, number];
  const [head, row] = headsFirst ? [third * width, width] : [width, third * width];
  return { batch: second * third * width, row, head };
}

function place({ from, batch, head, query, key }: Strides, b: number, h: number, t: number, k: number): number {
  return from + b * batch + h * head + t * query + k * key;
}

/** Infinite scores become the largest and the smallest finite ones, as in the other backends; −∞ hides the key, whatever it is. */
function biased(score: number, bias: number): number {
  return bias < hidden ? -Infinity : Math.min(Math.max(score + bias, -1e30), 1e30);
}
