import { int, type Value } from '../builder.js';
import type { OperatorContext } from '../context.js';
import type { Ops } from '../ops.js';
import { product } from '../sizes.js';
import { frequenciesOf } from './frequencies.js';
import type { Lower } from './index.js';
import { angles, firstPosition, positionsKey } from './positions.js';

export const rotary = { rotary: lowerRotary } satisfies Record<string, Lower>;

/**
 * Turns each pair (a, b) of features by the angle position · frequency: (a cos − b sin, a sin + b cos) (Su et al. 2021,
 * equation 34): [.., T, H, d] → the same.
 */
function lowerRotary(context: OperatorContext): Value {
  const { ops, builder } = context;
  const [x] = context.floats;
  const features = Number(x!.shape.at(-1));
  const turning = Math.round(context.number('share') * features);
  if (turning === 0) return x!;
  const isFused = builder.opset >= 23 && x!.shape.length === 4;
  const { cos, sin } = waves(context, x!, turning, isFused);
  if (isFused) return fused(context, x!, turning, cos, sin);
  const part = turning === features ? x! : ops.slice(x!, -1, 0, turning);
  const turned = turn(ops, part, cos, sin, context.attribute('pairs') === 'interleaved');
  return turning === features ? turned : ops.concat([turned, ops.slice(x!, -1, turning)], -1);
}

/** `RotaryEmbedding` (opset 23) on [B, T, H · d]. */
function fused(context: OperatorContext, x: Value, turning: number, cos: Value, sin: Value): Value {
  const { ops, builder } = context;
  const [batch = 1, rows = 1, heads = 1, features = 1] = x.shape;
  const flat = ops.reshape(x, [batch, rows, product(heads, features)]);
  const attributes = {
    num_heads: int(Number(heads)),
    interleaved: int(context.attribute('pairs') === 'interleaved' ? 1 : 0),
    ...(turning !== features && { rotary_embedding_dim: int(turning) }),
  };
  const { type, shape } = flat;
  return ops.reshape(builder.node('RotaryEmbedding', [flat, cos, sin], { type, shape }, attributes), x.shape);
}

/**
 * cos and sin of the rows of this pass, made once for all layers that turn alike: [B, T, n] where they are fused, for the
 * operator wants them for each row of the batch, else [T, 1, n].
 */
function waves(context: OperatorContext, x: Value, turning: number, isFused: boolean): { cos: Value; sin: Value } {
  const { ops, builder } = context;
  const [batch, length] = [x.shape[0]!, x.shape.at(-3) ?? 1];
  const start = firstPosition(context);
  const { key: name, frequencies } = frequenciesOf(context, turning, start, length);
  const key = `${name} ${positionsKey(start, length)}`;
  const angle = builder.once(`angles ${key}`, () => angles(ops, start, length, frequencies()));
  const wave = (operator: 'Cos' | 'Sin'): Value => {
    const rows = builder.once(`${operator} ${key}`, () => ops.cast(ops.unary(operator, angle), 'float'));
    if (!isFused) return builder.once(`${operator} by heads ${key}`, () => ops.unsqueeze(rows, [1]));
    const shape = [batch, length, turning / 2];
    return builder.once(`${operator} by batch ${JSON.stringify(batch)} ${key}`, () => ops.expand(rows, shape));
  };
  return { cos: wave('Cos'), sin: wave('Sin') };
}

/** `RotaryEmbedding` in its parts: x [.., T, H, n], cos and sin [T, 1, n / 2]. */
function turn(ops: Ops, x: Value, cos: Value, sin: Value, isInterleaved: boolean): Value {
  const half = Number(x.shape.at(-1)) / 2;
  const pairs = isInterleaved ? ops.reshape(x, [...x.shape.slice(0, -1), half, 2]) : x;
  const [a, b] = isInterleaved ? ops.split(pairs, -1, [1, 1]) : ops.split(x, -1, [half, half]);
  const [c, s] = isInterleaved ? [ops.unsqueeze(cos, [3]), ops.unsqueeze(sin, [3])] : [cos, sin];
  const first = ops.subtract(ops.multiply(a!, c), ops.multiply(b!, s));
  const second = ops.add(ops.multiply(a!, s), ops.multiply(b!, c));
  return ops.reshape(ops.concat([first, second], -1), x.shape);
}
