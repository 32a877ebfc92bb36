import type { Explanation } from '../../runtime/src/index.js';
import { read } from '../../runtime/src/index.js';
import { argmax, type SpecModel, specClass, taken } from './specs.js';

/** The model whose activations are published: 3 letters, 6 of them in, the same 6 sorted out. */
export async function nanoGpt(): Promise<SpecModel> {
  const NanoGpt = await specClass('test/fixtures/specs/nano_gpt.tfm', 'NanoGpt');
  return NanoGpt.load('test/fixtures/weights/nano-gpt-sort/model.safetensors', {
    config: {},
    checkpoint: 'huggingface',
  });
}

const [heads, width, depth] = [3, 16, 3];

/**
 * What the published file holds, from an explanation; names and layouts of the file. Activations are those of layer 0. What
 * happens inside of `attend` is not a value of its own here: scores before the softmax are taken from the explained q and k,
 * weighted values from the explained probabilities and v.
 */
export async function published(
  { values, attention }: Explanation,
  tokens: readonly (readonly number[])[],
): Promise<Record<string, ArrayLike<number>>> {
  const [batch, length] = [tokens.length, tokens[0]!.length];
  const value = async (path: string): Promise<Float32Array> => {
    const tensor = values[path] ?? attention[path];
    if (!tensor) throw new Error(`nothing is explained under ${path}, only ${Object.keys(values).join(', ')}`);
    return Float32Array.from(await read(tensor));
  };
  const inLayer = (name: string) => value(`block[0].${name}`);
  /** [B, T, H·d] → [B, H, T, d] */
  const headsFirst = (x: Float32Array) =>
    Float32Array.from(x, (_, i) => {
      const [f, t, h, b] = unravel(i, [width, length, heads]);
      return x[((b! * length + t!) * heads + h!) * width + f!]!;
    });
  const [q, k, v] = [await inLayer('attention.q'), await inLayer('attention.k'), await inLayer('attention.v')];
  const [embedded, positioned] = [await value('tok_emb'), await value('x')];
  const row = heads * width;
  const probabilities = attention['block[0].attention'];
  if (!probabilities) throw new Error('no attention of layer 0');
  const result: Record<string, ArrayLike<number>> = {
    idx: tokens.flat(),
    tok_emb: embedded,
    // Not a value of its own here: what was added to the first sequence.
    pos_emb: positioned.slice(0, length * row).map((x, i) => x - embedded[i]!),
    x: positioned,
    ln1: await inLayer('ln1'),
    q: headsFirst(q),
    k: headsFirst(k),
    v: headsFirst(v),
    qkv: Float32Array.from({ length: 3 * q.length }, (_, i) => {
      const [f, part, position] = unravel(i, [row, 3]);
      return [q, k, v][part!]![position! * row + f!]!;
    }),
    att: scores(headsFirst(q), headsFirst(k), length),
    attSm: Float32Array.from(await read(probabilities)),
    y: weighted(Float32Array.from(await read(probabilities)), headsFirst(v), length),
    yProj: await inLayer('attention.out'),
    attnResid: await inLayer('attn_resid'),
    ln2: await inLayer('ln2'),
    fc: await inLayer('fc'),
    gelu: await inLayer('gelu'),
    mlp: await inLayer('mlp'),
    mlpResid: await value('block[0]'),
    ln_f: await value('ln_f'),
    lm_head: await value('lm_head'),
    probs: await value('probs'),
  };
  for (let i = 0; i < depth; i++) result[`block${i}`] = await value(`block[${i}]`);
  if (batch * length * row !== positioned.length) throw new Error('the batch is another one');
  return result;
}

/** Indices of a flat index, fastest axis first; the last one takes what is left. */
function unravel(flat: number, sizes: readonly number[]): number[] {
  const indices: number[] = [];
  let rest = flat;
  for (const size of sizes) {
    indices.push(rest % size);
    rest = Math.floor(rest / size);
  }
  return [...indices, rest];
}

/** q·k / √d where a key is seen, else −∞: the scores before the softmax, [B·H, T, T]. */
function scores(q: Float32Array, k: Float32Array, length: number): Float32Array {
  return Float32Array.from({ length: (q.length / width) * length }, (_, i) => {
    const [key, query, head] = unravel(i, [length, length]) as [number, number, number];
    if (key > query) return Number.NEGATIVE_INFINITY;
    let sum = 0;
    for (let f = 0; f < width; f++)
      sum += q[(head * length + query) * width + f]! * k[(head * length + key) * width + f]!;
    return sum / Math.sqrt(width);
  });
}

/** Σ p·v, the heads side by side: [B, T, H·d]. */
function weighted(probabilities: Float32Array, v: Float32Array, length: number): Float32Array {
  return Float32Array.from({ length: v.length }, (_, i) => {
    const [f, h, query, b] = unravel(i, [width, heads, length]) as [number, number, number, number];
    const head = b * heads + h;
    let sum = 0;
    for (let key = 0; key < length; key++)
      sum += probabilities[(head * length + query) * length + key]! * v[(head * length + key) * width + f]!;
    return sum;
  });
}

/** Every n-th sequence of 6 letters, and what the model makes of each: greedily, through the KV cache, as one batch. */
export async function rowsSorted(model: SpecModel, every = 1): Promise<{ inputs: number[][]; sorted: number[][] }> {
  const inputs = Array.from({ length: 3 ** 6 / every }, (_, i) => unravel(i * every, [3, 3, 3, 3, 3]));
  const { logits, state } = model.prefill({ tokens: inputs });
  const sorted: number[][] = inputs.map(() => []);
  let scores = await taken(logits);
  for (let step = 0; ; step++) {
    const best = inputs.map((_, row) => argmax(scores.subarray(row * 3, row * 3 + 3)));
    best.forEach((letter, row) => void sorted[row]!.push(letter));
    if (step === 5) break;
    scores = await taken(model.step(best, state));
  }
  state.dispose();
  return { inputs, sorted };
}
