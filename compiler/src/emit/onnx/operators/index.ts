import type { OperatorName } from '../../../graph/operators.js';
import type { Made, OperatorContext } from '../context.js';
import { activations } from './activations.js';
import { arithmetic } from './arithmetic.js';
import { linear } from './linear.js';
import { norms } from './norms.js';
import { recurrent } from './recurrent.js';
import { reduce } from './reduce.js';
import { sequence } from './sequence.js';
import { shapes } from './shapes.js';

/** The ONNX nodes of one operator of the graph. Operators with several results give a list. */
export type Lower = (context: OperatorContext) => Made;

export const lowerings: Readonly<Partial<Record<string, Lower>>> = {
  ...activations,
  ...arithmetic,
  ...linear,
  ...norms,
  ...recurrent,
  ...reduce,
  ...sequence,
  ...shapes,
} satisfies Partial<Record<OperatorName, Lower>>;
