import { float, text, type Value } from '../builder.js';
import type { OperatorContext } from '../context.js';
import type { Ops } from '../ops.js';
import { quotient } from '../sizes.js';
import type { Lower } from './index.js';

/** An operator that ONNX has under this name. */
const same =
  (operator: string): Lower =>
  ({ ops, floats }) =>
    ops.unary(operator, floats[0]!);

export const activations = {
  relu: same('Relu'),
  sigmoid: same('Sigmoid'),
  tanh: same('Tanh'),
  softplus: same('Softplus'),
  exp: same('Exp'),
  log: same('Log'),
  sqrt: same('Sqrt'),
  abs: same('Abs'),
  gelu: (context) => (context.builder.opset >= 20 ? lowerGelu(context, 'none') : erfGelu(context)),
  gelu_tanh: (context) => (context.builder.opset >= 20 ? lowerGelu(context, 'tanh') : tanhGelu(context)),
  silu: lowerSilu,
  elu: (context) => withAttribute(context, 'Elu', 'alpha', 'alpha'),
  leaky_relu: (context) => withAttribute(context, 'LeakyRelu', 'slope', 'alpha'),
  softmax: ({ ops, floats }) => ops.softmax(floats[0]!),
  unit: lowerUnit,
  maxout: lowerMaxout,
  clamp: lowerClamp,
} satisfies Record<string, Lower>;

function withAttribute(context: OperatorContext, operator: string, attribute: string, onnx: string): Value {
  const [x] = context.floats;
  const { type, shape } = x!;
  return context.builder.node(operator, [x], { type, shape }, { [onnx]: float(context.number(attribute)) });
}

function lowerGelu({ builder, floats }: OperatorContext, approximate: 'none' | 'tanh'): Value {
  const { type, shape } = floats[0]!;
  return builder.node('Gelu', [floats[0]], { type, shape }, { approximate: text(approximate) });
}

/** x · (1 + erf(x / √2)) / 2 */
function erfGelu({ ops, floats }: OperatorContext): Value {
  const [x] = floats;
  const erf = ops.unary('Erf', ops.divide(x!, ops.scalar(Math.SQRT2)));
  return ops.multiply(ops.multiply(x!, ops.add(erf, ops.scalar(1))), ops.scalar(0.5));
}

/** x / 2 · (1 + tanh(√(2 / π) (x + 0.044715 x³))), which is x · σ(2 · …). */
function tanhGelu({ ops, floats }: OperatorContext): Value {
  const [x] = floats;
  const slope = 2 * Math.sqrt(2 / Math.PI);
  const cubic = ops.multiply(ops.multiply(x!, x!), ops.scalar(slope * 0.044715));
  return timesSigmoid(ops, x!, ops.multiply(x!, ops.add(cubic, ops.scalar(slope))));
}

/** x · σ(x); `Swish` from opset 24 on. */
function lowerSilu({ ops, builder, floats }: OperatorContext): Value {
  const [x] = floats;
  return builder.opset >= 24 ? ops.unary('Swish', x!) : timesSigmoid(ops, x!, x!);
}

function timesSigmoid(ops: Ops, x: Value, gate: Value): Value {
  return ops.multiply(x, ops.unary('Sigmoid', gate));
}

/** x / ‖x‖₂; a vector of zeros stays one. */
function lowerUnit({ ops, floats }: OperatorContext): Value {
  const [x] = floats;
  const length = ops.binary('Max', ops.reduce('ReduceL2', x!, [-1]), ops.scalar(1e-12));
  return ops.divide(x!, length);
}

/** [.., n · pieces] → [.., n, pieces] → [.., n] */
function lowerMaxout(context: OperatorContext): Value {
  const { ops } = context;
  const [x] = context.floats;
  const pieces = context.size('pieces');
  const features = x!.shape.at(-1)!;
  const grouped = ops.reshape(x!, [...x!.shape.slice(0, -1), quotient(features, pieces), pieces]);
  return ops.reduce('ReduceMax', grouped, [-1], false);
}

/** Whole numbers stay whole: their limits are cut towards 0, as their results would be. */
function lowerClamp(context: OperatorContext): Value {
  const { ops, builder, type } = context;
  const [x] = context.inputs;
  const [low, high] = [context.number('low'), context.number('high')];
  if (type === 'float') {
    const limits = [ops.scalar(low), ops.scalar(high)];
    return builder.node('Clip', [ops.cast(x!, 'float'), ...limits], { type, shape: x!.shape });
  }
  const whole = ops.cast(x!, 'int64');
  const limits = [low, high].map((limit) =>
    Number.isFinite(limit) ? ops.scalar(Math.trunc(limit), 'int64') : undefined,
  );
  return ops.cast(builder.node('Clip', [whole, ...limits], { type: 'int64', shape: x!.shape }), type);
}
