import type { Tensor } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import * as ops from '../../runtime/src/index.js';
import { type AttendOptions, causal, type Formula, f } from '../../runtime/src/index.js';
import type { KeyValueCache } from '../../runtime/src/kernels/cache.js';
import { range } from '../../runtime/src/ops/shapes.js';
import { TestScope } from './cases/scope.js';
import { numbers, type OnnxCase, tensor } from './onnx.js';
import { factorOf, formulasOf, type StoredGraph } from './onnx-graphs.js';

/** One attention of the standard, [B, T, heads, d]. */
interface Problem {
  readonly q: Tensor;
  readonly k: Tensor;
  readonly v: Tensor;
  readonly past: { readonly k: Tensor; readonly v: Tensor } | undefined;
  readonly sizes: { readonly batch: number; readonly heads: number; readonly queries: number; readonly keys: number };
  /** The position of the first query, or one for each entry of the batch. */
  readonly start: number | readonly number[];
  readonly options: AttendOptions;
}

/** The outputs of an attention, by the names of the standard. */
export function attention(of: OnnxCase): Record<string, Tensor> {
  const { inputs, attributes, outputs } = of;
  const problem = problemOf(of);
  const { y, present } = run(problem, false);
  const probabilities = graphOf(attributes.prob_mod);
  const result = probabilities ? tf.mul(y, factorOf(probabilities)) : y;
  const recorded = attributes.qk_matmul_output_mode === 3 && outputs.qk_matmul_output;
  return {
    Y: inputs.Q!.shape.length === 4 ? tf.transpose(result, [0, 2, 1, 3]) : ops.joinHeads(result),
    ...(present ? { present_key: present.key!, present_value: present.value } : {}),
    ...(recorded ? { qk_matmul_output: run(problem, true).probabilities! } : {}),
  };
}

/** [B, T, heads · d] or [B, heads, T, d] → [B, T, heads, d]. */
export function rows(x: Tensor, heads: unknown): Tensor {
  return x.rank === 4 ? tf.transpose(x, [0, 2, 1, 3]) : ops.splitHeads(x, { heads: Number(heads) });
}

function problemOf({ inputs, attributes }: OnnxCase): Problem {
  const q = rows(tensor(inputs.Q!), attributes.q_num_heads);
  const [k, v] = [inputs.K!, inputs.V!].map((x) => rows(tensor(x), attributes.kv_num_heads)) as [Tensor, Tensor];
  const before = (name: string) => rows(tensor(inputs[name]!), undefined);
  const past = inputs.past_key?.shape[2] ? { k: before('past_key'), v: before('past_value') } : undefined;
  const [batch, queries, heads] = q.shape as [number, number, number];
  const sizes = { batch, heads, queries, keys: k.shape[1]! + (past?.k.shape[1] ?? 0) };
  const lengths = inputs.nonpad_kv_seqlen && numbers(inputs.nonpad_kv_seqlen);
  const windows = [attributes.left_window_size, attributes.right_window_size].map((size) => Number(size ?? -1));
  const readsPositions = attributes.is_causal === 1 || windows.some((size) => size >= 0);
  // The queries are the last of the keys that are no padding.
  const start = lengths && readsPositions ? lengths.map((length) => length - queries) : (past?.k.shape[1] ?? 0);
  const graph = graphOf(attributes.score_mod);
  const said = graph && formulasOf(graph, [batch, heads, queries, sizes.keys]);
  const [left, right] = windows as [number, number];
  const masks: Formula[] = [
    ...(lengths ? [shorterThan(lengths)] : []),
    ...(attributes.is_causal === 1 ? [causal] : []),
    ...(left >= 0 ? [f.mask((at) => f.lessEqual(f.subtract(at.q, at.k), left))] : []),
    ...(right >= 0 ? [f.mask((at) => f.lessEqual(f.subtract(at.k, at.q), right))] : []),
    ...(said ? [said.mask] : []),
  ];
  const scores: Formula[] = said ? [said.score] : [];
  const cap = Number(attributes.softcap ?? 0);
  if (cap) scores.push(f.score(({ s }) => f.multiply(cap, f.tanh(f.divide(s, cap)))));
  if (inputs.attn_mask) {
    const table = everywhere(toLength(tensor(inputs.attn_mask), sizes.keys), Object.values(sizes));
    const first = typeof start === 'number' ? start : ofEntry(start);
    const entry = f.mask((at) => f.lookup(table, [at.head, f.subtract(at.q, first), at.k], { batched: true }));
    if (table.dtype === 'bool') masks.push(entry);
    else scores.push(f.score(({ s }) => f.add(s, entry)));
  }
  const scale = attributes.scale === undefined ? undefined : Number(attributes.scale);
  return { q, k, v, past, sizes, start, options: { mask: f.and(...masks), score: scores, scale, grows: true } };
}

/** A past goes through a pass of its own into the KV cache of a state, as in a generation. */
function run({ q, k, v, past, sizes, start, options }: Problem, recording: boolean) {
  const scope = new TestScope();
  scope.recording = recording;
  if (past) {
    scope.hasState = true;
    scope.capacity = sizes.keys + 3;
    const [batch, length, , width] = past.k.shape as [number, number, number, number];
    ops.attend(tf.zeros([batch, length, sizes.heads, width]), past.k, past.v, { grows: true }, scope);
    scope.advance(length);
    tf.dispose(scope.recorded.splice(0));
  } else Object.assign(scope, { position: start, first: start === 0 });
  const y = ops.attend(q, k, v, options, scope);
  const cache = past && scope.cache<KeyValueCache>('keys_values', () => fail());
  const present = cache?.view(sizes.keys);
  const [key, value] = [present?.key, present?.value].map((x) => x && tf.clone(x));
  const [recorded] = scope.recorded;
  const probabilities = recorded && tf.clone(range(recorded, 3, 0, sizes.keys));
  scope.dispose();
  return { y, present: value && { key, value }, probabilities };
}

function fail(): never {
  throw new Error('the past made no cache');
}

function graphOf(attribute: unknown): StoredGraph | undefined {
  return (attribute as { readonly graph: StoredGraph } | undefined)?.graph;
}

/** A number of each entry of the batch. */
function ofEntry(values: readonly number[]): Formula {
  return f.lookup(tf.tensor2d([...values], [values.length, 1], 'int32'), [0], { batched: true });
}

function shorterThan(lengths: readonly number[]): Formula {
  return f.mask(({ k }) => f.less(k, ofEntry(lengths)));
}

/** A mask of the first keys hides the others. */
function toLength(mask: Tensor, keys: number): Tensor {
  const missing = keys - mask.shape.at(-1)!;
  if (missing === 0) return mask;
  const value = mask.dtype === 'bool' ? 0 : -Infinity;
  const rest = tf.fill([...mask.shape.slice(0, -1), missing], value);
  return tf.cast(tf.concat([tf.cast(mask, 'float32'), rest], -1), mask.dtype);
}

/** A mask of fewer axes, or of axes of size 1, for every batch entry, head, query and key. */
function everywhere(mask: Tensor, shape: number[]): Tensor {
  const wide = tf.reshape(mask, [...Array<number>(4 - mask.rank).fill(1), ...mask.shape]);
  return tf.cast(tf.broadcastTo(tf.cast(wide, 'float32'), shape), mask.dtype);
}
