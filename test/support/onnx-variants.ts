import { normal } from './cases/case.js';
import type { OnnxCase, StoredTensor } from './onnx.js';
import { build, type Nd, nd } from './reference/array.js';
import { attention } from './reference/attention.js';

/** [B, T, heads, d] → [B, heads, T, d], as the cases store it. */
function stored(x: Nd): StoredTensor {
  const [batch, rows, heads, width] = x.shape as [number, number, number, number];
  const turned = build(
    [batch, heads, rows, width],
    (b, h, t, i) => x.data[((b! * rows + t!) * heads + h!) * width + i!]!,
  );
  return plain(turned);
}

function plain({ shape, data }: Nd, dtype = 'float32'): StoredTensor {
  const bytes =
    dtype === 'int64'
      ? BigInt64Array.from(data, (value) => BigInt(value))
      : dtype === 'bool'
        ? Uint8Array.from(data)
        : Float32Array.from(data);
  return {
    dtype,
    shape,
    stored: dtype === 'bool' ? 'uint8' : dtype,
    data: Buffer.from(bytes.buffer).toString('base64'),
  };
}

const rows = (x: Nd, from: number, to: number): Nd => {
  const [, all, heads, width] = x.shape as [number, number, number, number];
  return build(
    [x.shape[0]!, to - from, heads, width],
    (b, t, h, i) => x.data[((b! * all + from + t!) * heads + h!) * width + i!]!,
  );
};

/** Attention cases that the standard's folder does not have, in its form: the expected numbers are the reference's. */
export function keptAside(): OnnxCase[] {
  const [q, k, v] = [normal([2, 3, 6, 8], 1), normal([2, 7, 2, 8], 2), normal([2, 7, 2, 10], 3)];
  const inputs = { Q: stored(q), K: stored(k), V: stored(v) };
  const make = (name: string, more: object, attributes: OnnxCase['attributes'], y: Nd): OnnxCase => ({
    case: name,
    op: 'Attention',
    attributes,
    inputs: { ...inputs, ...more },
    outputs: { Y: stored(y) },
  });
  const lengths = nd([2], [5, 0]);
  const hidden = build([3, 7], (t, j) => (t === 1 || (j! + t!) % 3 === 0 ? -Infinity : (j! - t!) / 4));
  const past = {
    K: stored(rows(k, 4, 7)),
    V: stored(rows(v, 4, 7)),
    past_key: stored(rows(k, 0, 4)),
    past_value: stored(rows(v, 0, 4)),
  };
  const seen = build([2, 1, 3, 7], (b, _, t, j) => Number((b! + t! + j!) % 2 === 0 && !(b === 1 && t === 2)));
  const short = build([3, 4], (t, j) => Number(j! <= t! + 1));
  const [at, from] = [(i: number, j: number) => hidden.data[i * 7 + j]!, 4];
  return [
    make(
      'padded key lengths, one of them 0',
      { nonpad_kv_seqlen: plain(lengths, 'int64') },
      {},
      attention(q, k, v, { mask: ({ batch, k: j }) => j < lengths.data[batch]! }),
    ),
    make(
      'a mask of −∞, a row of nothing else',
      { attn_mask: plain(hidden) },
      {},
      attention(q, k, v, { score: (s, { q: i, k: j }) => s + at(i, j) }),
    ),
    make(
      'grouped queries behind a past, causal',
      past,
      { is_causal: 1 },
      attention(q, k, v, { start: from, mask: ({ q: i, k: j }) => j <= i }),
    ),
    make(
      'past, causal and a mask, rows that see nothing',
      { ...past, attn_mask: plain(seen, 'bool') },
      { is_causal: 1, softcap: 2 },
      attention(q, k, v, {
        start: from,
        score: (s) => 2 * Math.tanh(s / 2),
        mask: ({ batch, q: i, k: j }) => j <= i && seen.data[(batch * 3 + i - from) * 7 + j] === 1,
      }),
    ),
    make(
      'lengths and a mask of the first keys',
      { nonpad_kv_seqlen: plain(lengths, 'int64'), attn_mask: plain(short, 'bool') },
      { scale: 0.3 },
      attention(q, k, v, {
        scale: 0.3,
        mask: ({ batch, q: i, k: j }) => j < lengths.data[batch]! && j <= i + 1 && j < 4,
      }),
    ),
  ];
}
