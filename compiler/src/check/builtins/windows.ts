import { add, divide, multiply, subtract } from '../../algebra/construct.js';
import type { Expression } from '../../graph/graph.js';
import { emit } from '../nodes.js';
import { checkSize, lastSize } from '../sizes.js';
import { failed, type TensorValue } from '../values.js';
import { attributes, type Builtin, named, positional, type Use } from './builtin.js';
import { sequenceLength } from './positions.js';

/** The rows around each position side by side, so that a layer sees several at once: `size` rows, each window `stride` rows on. */
export const windows: Builtin = {
  name: 'windows',
  floats: true,
  operands: 1,
  streamOnly: true,
  parameters: [...positional('size'), ...named('stride', 'pad')],
  run: (use) => windowsOf(use, 'size', use.site.label) ?? failed,
};

/** Windows of the stream, their size by the parameter `name`; `undefined` after a reported mistake. */
export function windowsOf(use: Use, name: string, label?: string): TensorValue | undefined {
  const x = use.sequence('a sequence with features', 3);
  const size = use.size(name);
  const stride = use.size('stride', 1);
  const pad = use.size('pad', 0);
  if (!x || size === undefined || stride === undefined || pad === undefined) return undefined;
  const [batch = 1] = x.type.shape;
  const length = windowCount(sequenceLength(x), size, stride, pad);
  if (!checkSize(use.checker, length, use.at)) return undefined;
  return emit(use.context, use.at, {
    operator: 'windows',
    inputs: [x],
    type: { dtype: 'float', shape: [batch, length, multiply(size, lastSize(x.type))] },
    attributes: { size, ...attributes({ stride, pad }, { stride: 1, pad: 0 }) },
    ...(label !== undefined && { label }),
  });
}

/** ⌊(length + 2·pad − size) / stride⌋ + 1 */
function windowCount(length: Expression, size: Expression, stride: Expression, pad: Expression): Expression {
  const last = subtract(add(length, multiply(2, pad)), size);
  const steps: Expression = { kind: 'operator', operator: 'floor', operands: [divide(last, stride)] };
  return add(stride === 1 ? last : steps, 1);
}
