import { float, int, type Value } from '../builder.js';
import type { OperatorContext } from '../context.js';
import type { Lower } from './index.js';

export const norms = {
  layer_norm: lowerLayerNorm,
  rms_norm: lowerRmsNorm,
} satisfies Record<string, Lower>;

/** `LayerNormalization` wants a weight: ones where the layer has none. */
function lowerLayerNorm(context: OperatorContext): Value {
  const { builder } = context;
  const [x] = context.floats;
  const features = x!.shape.at(-1)!;
  if (typeof features !== 'number') return centredOverDeviation(context, x!);
  const weight = context.weight('weight') ?? ones(context, features);
  const attributes = { axis: int(-1), epsilon: float(context.number('eps')) };
  const inputs = [x, weight, context.weight('bias')];
  return builder.node('LayerNormalization', inputs, { type: 'float', shape: x!.shape }, attributes);
}

/** (x − mean) / √(variance + eps), of as many features as there are. */
function centredOverDeviation(context: OperatorContext, x: Value): Value {
  const { ops } = context;
  const centred = ops.subtract(x, ops.reduce('ReduceMean', x, [-1]));
  return overRootMeanSquare(context, centred);
}

/** `RMSNormalization` from opset 23 on. */
function lowerRmsNorm(context: OperatorContext): Value {
  const { ops, builder } = context;
  const [x] = context.floats;
  const features = x!.shape.at(-1)!;
  const weight = context.weight('weight');
  if (builder.opset < 23 || typeof features !== 'number') {
    const scaled = overRootMeanSquare(context, x!);
    return weight ? ops.multiply(scaled, weight) : scaled;
  }
  const attributes = { axis: int(-1), epsilon: float(context.number('eps')) };
  const inputs = [x, weight ?? ones(context, features)];
  return builder.node('RMSNormalization', inputs, { type: 'float', shape: x!.shape }, attributes);
}

/** x / √(mean(x²) + eps) */
function overRootMeanSquare(context: OperatorContext, x: Value): Value {
  const { ops } = context;
  const meanSquare = ops.reduce('ReduceMean', ops.multiply(x, x), [-1]);
  return ops.divide(x, ops.unary('Sqrt', ops.add(meanSquare, ops.scalar(context.number('eps')))));
}

function ones({ ops }: OperatorContext, features: number): Value {
  return ops.vector(Array<number>(features).fill(1), 'float');
}
