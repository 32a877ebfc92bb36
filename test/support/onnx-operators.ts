import type { Tensor } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import * as ops from '../../runtime/src/index.js';
import { causal, type Formula, f } from '../../runtime/src/index.js';
import { turn } from '../../runtime/src/ops/rotary.js';
import { scopeAt } from './cases/scope.js';
import { relativeError } from './compare.js';
import { numbers, type OnnxCase, tensor } from './onnx.js';

/*
 * The conformance cases of the ONNX standard, by our operators. Of each the output Y (output) is compared. Not covered, and why:
 * - outputs present_key and present_value (the caller's own concatenation there; here the KV cache, tested on its own),
 *   qk_matmul_output (a tap of intermediate scores, which no operator of the language has), Mean and InvStdDev (of
 *   LayerNormalization, for hand-written gradients);
 * - the graphs that the FlexAttention cases carry are not read: the formulas below say the same;
 * - whole operators: `uncovered`.
 */
const runners: Readonly<Record<string, (of: OnnxCase) => Tensor>> = {
  Attention: attention,
  FlexAttention: attention,
  RotaryEmbedding: rotary,
  LayerNormalization: normalization,
  RMSNormalization: normalization,
  Softmax: softmax,
  Gelu: ({ inputs, attributes }) =>
    attributes.approximate === 'tanh' ? ops.geluTanh(tensor(inputs.X!)) : ops.gelu(tensor(inputs.X!)),
  Swish: ({ inputs }) => ops.silu(tensor(inputs.X!)),
  SwiGLU: ({ inputs }) => ops.multiply(ops.silu(tensor(inputs.A!)), tensor(inputs.B!)),
};

/** Operators without a counterpart, with the reason. */
export const uncovered: Readonly<Record<string, string>> = {
  LogSoftmax: 'no operator of the language: losses take the log of the softmax themselves, from the scores',
};

export function isCovered({ op }: OnnxCase): boolean {
  return runners[op] !== undefined;
}

/** The shape and the error of what our operators give. Half precision is computed in float32, and compared as it is stored. */
export async function onnxOutcome(of: OnnxCase) {
  const expected = of.outputs.Y ?? of.outputs.output!;
  const result = tf.tidy(() => runners[of.op]!(of));
  const error = relativeError(await ops.read(result), numbers(expected));
  const { shape } = result;
  result.dispose();
  return { shape, expected: expected.shape, error, isHalf: expected.dtype === 'float16' };
}

/** [B, T, heads · d] or [B, heads, T, d] → [B, T, heads, d]. */
function rows(x: Tensor, heads: unknown): Tensor {
  return x.rank === 4 ? tf.transpose(x, [0, 2, 1, 3]) : ops.splitHeads(x, { heads: Number(heads) });
}

function attention({ case: name, inputs, attributes }: OnnxCase): Tensor {
  const q = rows(tensor(inputs.Q!), attributes.q_num_heads);
  const past = inputs.past_key ? inputs.past_key.shape[2]! : 0;
  const withPast = (before: 'past_key' | 'past_value', now: Tensor) =>
    inputs[before] ? ops.concat(rows(tensor(inputs[before]), undefined), now, { axis: 'sequence' }) : now;
  const k = withPast('past_key', rows(tensor(inputs.K!), attributes.kv_num_heads));
  const v = withPast('past_value', rows(tensor(inputs.V!), attributes.kv_num_heads));
  const masks: Formula[] = [];
  if (inputs.nonpad_kv_seqlen) {
    const lengths = tf.reshape(tensor(inputs.nonpad_kv_seqlen), [q.shape[0]!, 1]);
    masks.push(f.mask(({ k: column }) => f.less(column, f.lookup(lengths, [0], { batched: true }))));
  }
  const scores: Formula[] = [];
  if (attributes.is_causal === 1 || name === 'flexattention_causal_mask') masks.push(causal);
  const cap = Number(attributes.softcap ?? 0);
  if (cap) scores.push(f.score(({ s }) => f.multiply(cap, f.tanh(f.divide(s, cap)))));
  if (inputs.attn_mask) {
    const sizes = [q.shape[0]!, q.shape[2]!, q.shape[1]!, k.shape[1]!] as const;
    const table = everywhere(toLength(tensor(inputs.attn_mask), sizes[3]), [...sizes]);
    const entry = f.mask(({ head, q: row, k: column }) =>
      f.lookup(table, [head, f.subtract(row, past), column], { batched: true }),
    );
    if (table.dtype === 'bool') masks.push(entry);
    else scores.push(f.score(({ s }) => f.add(s, entry)));
  }
  if (name === 'flexattention_score_mod') scores.push(f.score(({ s }) => f.add(s, 0.5)));
  const scale = attributes.scale === undefined ? undefined : Number(attributes.scale);
  const y = ops.attend(q, k, v, { mask: f.and(...masks), score: scores, scale, grows: true }, scopeAt(past));
  return inputs.Q!.shape.length === 4 ? tf.transpose(y, [0, 2, 1, 3]) : ops.joinHeads(y);
}

/** A mask of the first keys hides the others. */
function toLength(mask: Tensor, keys: number): Tensor {
  const missing = keys - mask.shape.at(-1)!;
  if (missing === 0 || mask.shape.at(-1) === 1) return mask;
  const value = mask.dtype === 'bool' ? 0 : -Infinity;
  const rest = tf.fill([...mask.shape.slice(0, -1), missing], value);
  return tf.cast(tf.concat([tf.cast(mask, 'float32'), rest], -1), mask.dtype);
}

/** A mask of fewer axes, or of axes of size 1, for every batch entry, head, query and key. */
function everywhere(mask: Tensor, shape: number[]): Tensor {
  const wide = tf.reshape(mask, [...Array<number>(4 - mask.rank).fill(1), ...mask.shape]);
  return tf.cast(tf.broadcastTo(tf.cast(wide, 'float32'), shape), mask.dtype);
}

/** The caches are arbitrary numbers and no angles, so they go straight to what turns the pairs. */
function rotary({ inputs, attributes }: OnnxCase): Tensor {
  const x = rows(tensor(inputs.X!), attributes.num_heads);
  const pairs = attributes.interleaved === 1 ? 'interleaved' : 'halves';
  const turning = Number(attributes.rotary_embedding_dim ?? 0) || x.shape[3]!;
  const ids = inputs.position_ids && tensor(inputs.position_ids);
  const table = (name: 'cos_cache' | 'sin_cache') => {
    const cache = tensor(inputs[name]!);
    return ids ? tf.gather(cache, ids) : cache; // [B, T, n / 2]
  };
  const both = (first: Tensor, second: Tensor) =>
    tf.expandDims(pairs === 'halves' ? tf.concat([first, second], -1) : interleaved(first, second), 2);
  const [cos, sin] = [table('cos_cache'), table('sin_cache')];
  const [part, rest] = ops.split(x, { sizes: [turning, x.shape[3]! - turning] });
  const turned = turn(part!, both(cos, cos), both(tf.neg(sin), sin), pairs);
  const y = ops.concat(turned, rest!);
  return inputs.X!.shape.length === 4 ? tf.transpose(y, [0, 2, 1, 3]) : ops.joinHeads(y);
}

function interleaved(first: Tensor, second: Tensor): Tensor {
  return tf.reshape(tf.stack([first, second], -1), [...first.shape.slice(0, -1), 2 * first.shape.at(-1)!]);
}

/** Axes from `axis` on are normalised together: as one axis. */
function normalization({ op, inputs, attributes }: OnnxCase): Tensor {
  const x = tensor(inputs.X!);
  const axis = (Number(attributes.axis ?? -1) + x.rank) % x.rank;
  const features = x.shape.slice(axis).reduce((product, n) => product * n, 1);
  const flat = (name: string) => (inputs[name] ? tf.reshape(tensor(inputs[name]), [features]) : undefined);
  const [weight, bias] = [flat('Scale') ?? flat('scale') ?? flat('W'), flat('B')];
  const eps = Number(attributes.epsilon ?? 1e-5);
  const vectors = tf.reshape(x, [x.size / features, features]);
  const y =
    op === 'LayerNormalization'
      ? ops.layerNorm(vectors, { weight, bias }, { eps })
      : ops.rmsNorm(vectors, { weight }, { eps });
  return tf.reshape(y, x.shape);
}

/** The axis is brought to the end and back. */
function softmax({ inputs, attributes }: OnnxCase): Tensor {
  const x = tensor(inputs.input!);
  const axis = (Number(attributes.axis ?? -1) + x.rank) % x.rank;
  const order = [...x.shape.keys()].filter((other) => other !== axis).concat(axis);
  const back = order.map((_, i) => order.indexOf(i));
  return tf.transpose(ops.softmax(tf.transpose(x, order)), back);
}
