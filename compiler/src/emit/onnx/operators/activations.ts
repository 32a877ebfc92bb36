import { float } from '../builder.js';
import type { OperatorContext } from '../context.js';
import type { Lower } from './index.js';

/** An operator that ONNX has under this name. */
const same =
  (operator: string): Lower =>
  ({ ops, inputs }) =>
    ops.unary(operator, inputs[0]!);

export const activations = {
  relu: same('Relu'),
  sigmoid: same('Sigmoid'),
  tanh: same('Tanh'),
  softplus: same('Softplus'),
  exp: same('Exp'),
  log: same('Log'),
  sqrt: same('Sqrt'),
  abs: same('Abs'),
  elu: (context) => withAttribute(context, 'Elu', 'alpha', 'alpha'),
  leaky_relu: (context) => withAttribute(context, 'LeakyRelu', 'slope', 'alpha'),
  softmax: ({ ops, inputs }) => ops.softmax(inputs[0]!),
} satisfies Record<string, Lower>;

function withAttribute(context: OperatorContext, operator: string, attribute: string, onnx: string) {
  const [x] = context.inputs;
  const { type, shape } = x!;
  return context.builder.node(operator, [x], { type, shape }, { [onnx]: float(context.number(attribute)) });
}
