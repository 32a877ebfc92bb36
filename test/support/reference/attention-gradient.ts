import { type Nd, nd } from './array.js';

/** One query of one head, and one key; positions are absolute, `t` is the query's row in this pass. */
export interface PairAt {
  readonly batch: number;
  readonly head: number;
  readonly t: number;
  readonly q: number;
  readonly k: number;
}

/** What becomes of a scaled product, with its derivatives. */
export interface ScoreReference {
  readonly value: (s: number, pair: PairAt) => number;
  readonly slope: (s: number, pair: PairAt) => number;
  /** The elements of tables that the score depends on, and the derivative by each: 1 where it is added. */
  readonly reads?: (
    pair: PairAt,
    s: number,
  ) => readonly { readonly table: number; readonly at: number; readonly by?: number }[];
}

export interface GradientReference {
  readonly scale?: number;
  readonly mask?: (pair: PairAt) => boolean;
  readonly score?: ScoreReference;
  /** [H] */
  readonly sinks?: Nd | undefined;
  /** What dropout multiplies a probability by. */
  readonly kept?: (pair: PairAt) => number;
  /** Position of the first query. */
  readonly start?: number;
  readonly tables?: readonly Nd[];
}

export interface AttentionResult {
  readonly y: Nd;
  /** Of q, k, v, then the tables, then the sinks. */
  readonly gradients: readonly Nd[];
}

/**
 * Attention and the gradients of Σ dy · y in float64, row by row as the formulas stand in Dao et al. 2022, appendix B:
 * q [B, Tq, H, d], k [B, Tk, G, d], v [B, Tk, G, e].
 */
export function attentionWithGradient(q: Nd, k: Nd, v: Nd, dy: Nd, options: GradientReference = {}): AttentionResult {
  const [batch, queries, heads, width] = q.shape as [number, number, number, number];
  const [, keys, keyHeads, valueWidth] = v.shape as [number, number, number, number];
  const { scale = width ** -0.5, mask = () => true, kept = () => 1, sinks, start = 0, tables = [] } = options;
  const score: ScoreReference = options.score ?? { value: (s) => s, slope: () => 1 };
  const y = zeros(dy);
  const [dq, dk, dv] = [zeros(q), zeros(k), zeros(v)];
  const dTables = tables.map(zeros);
  const dSinks = sinks && zeros(sinks);
  for (let b = 0; b < batch; b++)
    for (let h = 0; h < heads; h++)
      for (let t = 0; t < queries; t++) {
        const g = Math.floor(h / (heads / keyHeads));
        const at = ((b * queries + t) * heads + h) * width;
        const out = ((b * queries + t) * heads + h) * valueWidth;
        const seen: { pair: PairAt; s: number; score: number; key: number; value: number }[] = [];
        for (let j = 0; j < keys; j++) {
          const pair = { batch: b, head: h, t, q: start + t, k: j };
          if (!mask(pair)) continue;
          const key = ((b * keys + j) * keyHeads + g) * width;
          const value = ((b * keys + j) * keyHeads + g) * valueWidth;
          const s = scale * dot(q.data, at, k.data, key, width);
          const of = score.value(s, pair);
          if (of !== -Infinity) seen.push({ pair, s, score: of, key, value });
        }
        const sink = sinks ? sinks.data[h]! : -Infinity;
        const most = seen.reduce((largest, { score: of }) => Math.max(largest, of), sink);
        if (most === -Infinity) continue;
        const total = seen.reduce((sum, { score: of }) => sum + Math.exp(of - most), Math.exp(sink - most));
        const rows = seen.map((one) => ({ ...one, p: Math.exp(one.score - most) / total, m: kept(one.pair) }));
        for (const { p, m, value } of rows)
          if (p * m !== 0) for (let i = 0; i < valueWidth; i++) y.data[out + i]! += p * m * v.data[value + i]!;
        const mean = dot(dy.data, out, y.data, out, valueWidth);
        if (dSinks && sink !== -Infinity) dSinks.data[h]! -= (Math.exp(sink - most) / total) * mean;
        for (const { pair, s, p, m, key, value } of rows) {
          const dScore = p * (m * dot(dy.data, out, v.data, value, valueWidth) - mean);
          for (const { table, at: i, by = 1 } of score.reads?.(pair, s) ?? []) dTables[table]!.data[i]! += by * dScore;
          const dProduct = dScore * score.slope(s, pair) * scale;
          for (let i = 0; i < width; i++) {
            dq.data[at + i]! += dProduct * k.data[key + i]!;
            dk.data[key + i]! += dProduct * q.data[at + i]!;
          }
          for (let i = 0; i < valueWidth; i++) dv.data[value + i]! += p * m * dy.data[out + i]!;
        }
      }
  return { y, gradients: [dq, dk, dv, ...dTables, ...(dSinks ? [dSinks] : [])] };
}

function zeros({ shape, data }: Nd): Nd {
  return nd(shape, new Float64Array(data.length));
}

function dot(a: Float64Array, from: number, b: Float64Array, at: number, count: number): number {
  let sum = 0;
  for (let i = 0; i < count; i++) sum += a[from + i]! * b[at + i]!;
  return sum;
}
