import { build, get, type Nd } from './array.js';

/** What a mask or a score may read, one number at a time. */
interface Pair {
  readonly batch: number;
  readonly head: number;
  /** Absolute positions. */
  readonly q: number;
  readonly k: number;
  readonly query: ArrayLike<number>;
  readonly key: ArrayLike<number>;
}

export interface AttentionReference {
  readonly scale?: number;
  readonly mask?: (pair: Pair) => boolean;
  readonly score?: (s: number, pair: Pair) => number;
  readonly sinks?: Nd | undefined;
  /** Position of the first query. */
  readonly start?: number;
}

/** q [B, Tq, H, d], k [B, Tk, G, d], v [B, Tk, G, e] → [B, Tq, H, e]; q and k may both be absent. */
export function attention(q: Nd | null, k: Nd | null, v: Nd, options: AttentionReference = {}): Nd {
  const [batch, keys, keyHeads, width] = v.shape as [number, number, number, number];
  const queries = q ? q.shape[1]! : keys;
  const heads = q ? q.shape[2]! : keyHeads;
  const result = build([batch, queries, heads, width], () => 0);
  for (let b = 0; b < batch; b++)
    for (let h = 0; h < heads; h++)
      for (let t = 0; t < queries; t++) {
        const keyHead = Math.floor(h / (heads / keyHeads));
        const weights = rowOf(q, k, keys, { b, h, t, keyHead }, options);
        for (let e = 0; e < width; e++) {
          let sum = 0;
          for (let j = 0; j < keys; j++) if (weights[j] !== 0) sum += weights[j]! * get(v, b, j, keyHead, e);
          result.data[((b * queries + t) * heads + h) * width + e] = sum;
        }
      }
  return result;
}

/** The probabilities of one query. */
function rowOf(
  q: Nd | null,
  k: Nd | null,
  keys: number,
  { b, h, t, keyHead }: { b: number; h: number; t: number; keyHead: number },
  { scale, mask = () => true, score = (s) => s, sinks, start = 0 }: AttentionReference,
): number[] {
  const d = q ? q.shape[3]! : 0;
  const query = Array.from({ length: d }, (_, i) => get(q!, b, t, h, i));
  const scores = Array.from({ length: keys }, (_, j) => {
    const key = Array.from({ length: d }, (_, i) => get(k!, b, j, keyHead, i));
    const pair: Pair = { batch: b, head: h, q: start + t, k: j, query, key };
    const product = query.reduce((sum, value, i) => sum + value * key[i]!, 0) * (scale ?? (d ? d ** -0.5 : 1));
    return mask(pair) ? score(product, pair) : -Infinity;
  });
  const sink = sinks ? get(sinks, h) : -Infinity;
  const most = Math.max(sink, ...scores);
  if (most === -Infinity) return scores.map(() => 0);
  const powers = scores.map((s) => Math.exp(s - most));
  const sum = powers.reduce((a, p) => a + p, 0) + Math.exp(sink - most);
  return powers.map((p) => p / sum);
}
