import type { Tensor } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import * as ops from '../../runtime/src/index.js';
import { turn } from '../../runtime/src/ops/rotary.js';
import { relativeError } from './compare.js';
import { numbers, type OnnxCase, tensor } from './onnx.js';
import { attention, rows } from './onnx-attention.js';

/*
 * The conformance cases of the ONNX standard, by our operators. Of each the outputs are compared that its runner gives. Not covered, and why:
 * - qk_matmul_output of the modes 0 to 2 (a tap of scores before the softmax, which no operator of the language has; mode 3 is what
 *   `explain` records), Mean and InvStdDev (of LayerNormalization, for hand-written gradients);
 * - graphs of FlexAttention on probabilities, but for a factor: what comes behind the softmax is dropout in the language;
 * - whole operators: `uncovered`.
 */
const runners: Readonly<Record<string, (of: OnnxCase) => Tensor | Record<string, Tensor>>> = {
  Attention: attention,
  FlexAttention: attention,
  RotaryEmbedding: rotary,
  LayerNormalization: normalization,
  RMSNormalization: normalization,
  Softmax: softmax,
  Gelu: ({ inputs, attributes }) =>
    attributes.approximate === 'tanh' ? ops.geluTanh(tensor(inputs.X!)) : ops.gelu(tensor(inputs.X!)),
  Swish: ({ inputs, attributes }) => swish(tensor(inputs.X!), attributes.alpha),
  SwiGLU: ({ inputs, attributes }) => ops.multiply(swish(tensor(inputs.A!), attributes.alpha), tensor(inputs.B!)),
};

/** Operators without a counterpart, with the reason. */
export const uncovered: Readonly<Record<string, string>> = {
  LogSoftmax: 'no operator of the language: losses take the log of the softmax themselves, from the scores',
};

export function isCovered({ op }: OnnxCase): boolean {
  return runners[op] !== undefined;
}

/** Errors of results that were computed in a smaller precision: we compute in float32, and get what was stored. */
const roundings: Readonly<Record<string, number>> = { float16: 2e-3, bfloat16: 1.6e-2 };

/** The shapes and the worst error of what our operators give, and how large it may be. */
export async function onnxOutcome(of: OnnxCase, tolerance: number) {
  const results = tf.tidy(() => {
    const given = runners[of.op]!(of);
    return given instanceof tf.Tensor ? { [of.outputs.Y ? 'Y' : 'output']: given } : given;
  });
  const [shapes, expectedShapes, errors]: [number[][], (readonly number[])[], number[]] = [[], [], []];
  let limit = tolerance;
  for (const [name, result] of Object.entries(results)) {
    const expected = of.outputs[name];
    if (!expected) continue;
    shapes.push(result.shape);
    expectedShapes.push(expected.shape);
    errors.push(relativeError(await ops.read(result), numbers(expected)));
    limit = Math.max(limit, roundings[expected.dtype] ?? 0);
  }
  tf.dispose(results);
  if (errors.length === 0) throw new Error(`${of.case} has none of the outputs ${Object.keys(results)}`);
  return { shapes, expectedShapes, error: Math.max(...errors), limit };
}

/** x · sigmoid(α x) */
function swish(x: Tensor, alpha: unknown): Tensor {
  const by = Number(alpha ?? 1);
  return by === 1 ? ops.silu(x) : tf.div(ops.silu(tf.mul(x, by)), by);
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
